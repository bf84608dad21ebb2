/** Another registry of three entries, and the API of imports asked about it. */
import { Vault } from "@mcpgw/vault/Vault"
import * as Effect from "effect/Effect"
import * as ControlPlane from "../../src/ControlPlane.ts"
import { type Answer, call, type Role, signedIn } from "./plane.ts"
import { document } from "./protocol.ts"

export const FROM = "https://registry.example.com"
export const PATH = "/api/import/registry"
const remotes = [{ type: "streamable-http", url: "https://a.example.com/mcp" }]

/** Two servers and an entry that is none. */
export const servers = [
  { server: document("com.example/a", "1.0.0", { remotes }) },
  { server: document("com.example/b", "2.0.0", { remotes, title: "B" }) },
  { server: { name: "com.example/c" } }
]

export const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  const cookies = new Map<Role, string>()
  for (const role of ["admin", "developer", "user"] as const) cookies.set(role, yield* signedIn(role))
  return (method: string, path: string, json?: unknown, role: Role = "admin") =>
    call(plane, method, path, { cookie: cookies.get(role) ?? "", ...(json === undefined ? {} : { json }) })
})

export const textOf = ({ body }: Answer, key: string): string =>
  typeof body === "object" && body !== null ? String(Reflect.get(body, key)) : ""

/** What is kept under that name for the registry. */
export const stored = (ref = "") =>
  Effect.map(Vault, (vault) =>
    vault.storedFor({ path: `import:${FROM}/v0.1`, headers: [], proxy_pass_url: FROM, credential_ref: ref })
  )
