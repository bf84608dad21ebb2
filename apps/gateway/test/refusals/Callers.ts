/** Everyone who knocks in the golden table: what `{{name}}` stands for. For tests only. */
import { createPublicKey } from "node:crypto"
import {
  claimsFor,
  freshKey,
  gatewayKey,
  mint,
  mintHmac,
  mintUnsigned,
  tampered
} from "../lifecycle/support/Minting.ts"

/** `reader` may use tools/list and the tool echo on /backend; `bystander` /other; `both` both; the rest nothing. */
export const SCOPES = `
reader:
  - server: backend
    methods: [tools/list]
    tools: [echo, slow]
  - server: off
    methods: [tools/list]
    tools: [echo]
  - server: down
    methods: [tools/list]
    tools: [echo]
bystander:
  - server: other
    methods: [tools/list]
    tools: [echo]
group_mappings:
  readers: [reader]
  mcp-registry-admin: [reader, bystander]
UI-Scopes:
  viewer:
    list_service: [all]
`

export const REVOKED = "0e5a6ed8-revoked"

/** Someone all of whose tokens were revoked at once. */
export const LEAVER = "leaver"

/** A name of the table → its value. */
export const makeCallers = (dataDir: string, url: string): Readonly<Record<string, string>> => {
  const key = gatewayKey(dataDir)
  const foreign = freshKey(key.kid)
  const now = Math.floor(Date.now() / 1000)
  const token = (
    more: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {}
  ): string => mint(key, claimsFor(url, ["reader"], more), header)
  const reader = token()
  const good = claimsFor(url, ["reader"])
  const publicKey = createPublicKey({ key: { ...key.jwk }, format: "jwk" })
  const pem = publicKey.export({ type: "spki", format: "pem" })
  const [header = "", , signature = ""] = token({ scope: "" }).split(".")
  const payload = Buffer.from(JSON.stringify(good)).toString("base64url")
  return {
    host: new URL(url).host,
    reader,
    colleague: token({ sub: "colleague" }),
    bystander: token({ scope: "bystander" }),
    both: token({ scope: "reader bystander" }),
    nobody: token({ scope: "" }),
    strangeScope: token({ scope: "no-such-scope viewer" }),
    expired: token({ exp: now - 1 }),
    future: token({ nbf: now + 600 }),
    issuedLater: token({ iat: now + 600 }),
    noExpiry: token({ exp: undefined }),
    textExpiry: token({ exp: String(now + 3600) }),
    noSubject: token({ sub: undefined }),
    foreignKey: mint(foreign, good),
    unknownKid: token({}, { kid: "no-such-key" }),
    otherIssuer: mint(foreign, { ...good, iss: "https://issuer.example" }),
    slashIssuer: token({ iss: `${url}/` }),
    otherAudience: token({ aud: "https://elsewhere.example" }),
    noAudience: token({ aud: undefined }),
    otherRoute: token({ aud: `${url}/other/mcp` }),
    algNone: mintUnsigned(good),
    algNoneCased: mintUnsigned(good, "nOnE"),
    hmacRaw: mintHmac(key, good, Buffer.from(key.jwk["x"] ?? "", "base64url")),
    hmacPem: mintHmac(key, good, Buffer.from(pem)),
    tampered: tampered(reader),
    grafted: `${header}.${payload}.${signature}`,
    typJwt: token({}, { typ: "JWT" }),
    critical: token({}, { crit: ["b64"], b64: true }),
    revoked: token({ jti: REVOKED }),
    leaver: token({ sub: LEAVER }),
    leaverUndated: token({ sub: LEAVER, iat: undefined }),
    ofReplaced: mintHmac(key, { ...good, iss: "mcp-auth-server", aud: "mcp-registry" }, Buffer.from("SECRET_KEY")),
    asReplaced: mint(foreign, { ...good, iss: "mcp-auth-server", aud: "mcp-registry" })
  }
}
