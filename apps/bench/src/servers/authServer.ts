/**
 * What nginx asks before every call in the nginx-auth arm: a Bun server that verifies a token once and remembers it until it
 * expires. A process of its own; first argument: the public key as JWK. Makes no decision but "known" or 401.
 */
import { importJWK, jwtVerify } from "jose"

interface Known {
  /** Epoch milliseconds. */
  readonly expires: number
  readonly answer: ResponseInit
}

const REFUSED: ResponseInit = { status: 401 }
const key = await importJWK(JSON.parse(process.argv[2] ?? "{}"), "EdDSA")
const known = new Map<string, Known>()

const verify = async (token: string): Promise<Response> => {
  try {
    const { payload } = await jwtVerify(token, key)
    const answer = { status: 200, headers: { "x-user": payload.sub ?? "", "x-scopes": String(payload["scope"] ?? "") } }
    known.set(token, { expires: (payload.exp ?? 0) * 1000, answer })
    return new Response(null, answer)
  } catch {
    return new Response(null, REFUSED)
  }
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  fetch: ({ headers }) => {
    const token = headers.get("authorization")?.slice("Bearer ".length) ?? ""
    const found = known.get(token)
    return found !== undefined && found.expires > Date.now() ? new Response(null, found.answer) : verify(token)
  }
})
process.stdout.write(`listening on ${server.port}\n`)
