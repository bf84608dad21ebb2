/**
 * Sealed sessions across replicas and key rotations (design §6; S-07, S-08): the session is its caller's, at its server, for its time,
 * on whichever replica; everyone else, and everything that is not the very seal, gets 404 and reaches no server.
 */
import type { SealKey } from "@mcpgw/mcp/Seal"
import { type BoundSession, open, seal } from "@mcpgw/mcp/SessionSeal"
import { legacyScript, SESSION } from "@mcpgw/testkit/LegacyScript"
import {
  answerOf,
  type Caller,
  caller,
  get,
  notification,
  openSession,
  post,
  remove,
  request,
  withHeaders
} from "@mcpgw/testkit/McpRequest"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { serverAt } from "../lifecycle/support/Box.ts"
import { type Replicas, startReplicas } from "./Replicas.ts"
import { startUpstream, type Upstream } from "./Upstream.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

let server: Upstream
let replicas: Replicas

beforeAll(async () => {
  const stream = (): Response => new Response(": hello\n\n", { headers: { "content-type": "text/event-stream" } })
  server = await startUpstream(legacyScript({ instead: { GET: stream } }))
  replicas = await startReplicas({
    scopes: SCOPES,
    servers: [serverAt("/one", server.url), serverAt("/two", server.url)]
  })
})

afterAll(async () => {
  await replicas?.close()
  await server?.stop()
})

type Replica = 0 | 1

const who = (replica: Replica, claims: Readonly<Record<string, unknown>> = {}, path = "/one/mcp"): Caller =>
  caller(replicas.urls[replica] + path, replicas.token("all", claims))

const sealOf = ({ headers }: Caller): string => headers[SESSION] ?? ""

/** Somebody with this session id. */
const holding = (from: Caller, sealed: string): Caller => withHeaders(from, { [SESSION]: sealed })

/** Everything one can do with a session but end it. */
const uses = (from: Caller): ReadonlyArray<() => Promise<Response>> => [
  () => post(from, request("tools/list", {}, 5)),
  () => post(from, notification("notifications/initialized")),
  () => get(from),
  () => get(withHeaders(from, { "last-event-id": "e-1" }))
]

const expectAlive = async (from: Caller): Promise<void> => {
  for (const use of uses(from)) {
    const response = await use()
    const text = await response.text()
    assert.isTrue(response.ok, `${response.status} ${text}`)
    assert.match(server.asked().at(-1)?.headers.get(SESSION) ?? "", /^s-\d+$/, "the server sees its own id")
  }
}

/** 404 in words, for POST, GET, Last-Event-ID and DELETE, and the server hears nothing of it. */
const expectNotFound = async (from: Caller, why: string): Promise<void> => {
  const before = server.asked().length
  for (const use of [...uses(from), () => remove(from)]) {
    const response = await use()
    assert.strictEqual(response.status, 404, why)
    const { jsonrpc, error } = await answerOf(response)
    assert.strictEqual(jsonrpc, "2.0")
    assert.strictEqual(error?.message, "Session not found: initialize again", why)
  }
  assert.lengthOf(server.asked(), before, why)
}

const newest = (): SealKey => {
  const [key] = replicas.sealingKeys()
  if (key === undefined) throw new Error("no sealing key")
  return key
}

/** The session with other contents, sealed as the gateway seals it. */
const resealed = (sealed: string, change: Partial<BoundSession>, key = newest()): string => {
  const bound = open(replicas.sealingKeys(), sealed)
  if (bound === undefined) throw new Error("not a session of these replicas")
  return seal(key, { ...bound, ...change })
}

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

describe("S-08: any replica that shares the keys serves any session", () => {
  it.each<readonly [Replica, Replica]>([
    [0, 1],
    [1, 0]
  ])("opened on replica %i, used and ended on replica %i", async (here, there) => {
    const inside = await openSession(who(here))
    const elsewhere = holding(who(there), sealOf(inside))
    await expectAlive(elsewhere)
    await expectAlive(inside)
    assert.strictEqual((await remove(elsewhere)).status, 200)
    assert.strictEqual(server.asked().at(-1)?.method, "DELETE")
    assert.strictEqual((await post(inside, request("tools/list"))).status, 404, "ended is ended on both")
  })
})

describe.each<{ readonly replica: Replica }>([{ replica: 0 }, { replica: 1 }])(
  "S-07, on replica $replica, of a session opened on replica 0",
  ({ replica }) => {
    it("another person, client, server or issuer's namesake gets 404", async () => {
      const sealed = sealOf(await openSession(who(0)))
      await expectNotFound(holding(who(replica, { sub: "somebody" }), sealed), "another person")
      await expectNotFound(holding(who(replica, { client_id: "another-client" }), sealed), "another client")
      await expectNotFound(holding(who(replica, {}, "/two/mcp"), sealed), "another server")
      const foreign = { issuer: "https://issuer.example", subject: "tester", clientId: "user-generated" }
      await expectNotFound(holding(who(replica), resealed(sealed, { owner: foreign })), "another issuer's")
      await expectNotFound(holding(who(replica), resealed(sealed, { server: "/one 1970" })), "a server registered anew")
      await expectAlive(holding(who(replica), sealed))
    })

    it("an altered seal gets 404, whichever character it is", async () => {
      const sealed = sealOf(await openSession(who(0)))
      const from = who(replica)
      for (let i = 0; i < sealed.length; i++) {
        const other = sealed.charAt(i) === "A" ? "B" : "A"
        await expectNotFound(holding(from, sealed.slice(0, i) + other + sealed.slice(i + 1)), `altered at ${i}`)
      }
      await expectAlive(holding(from, sealed))
    })

    it("a truncated or extended seal, another spelling, two of them, the server's own id get 404", async () => {
      const sealed = sealOf(await openSession(who(0)))
      const from = who(replica)
      const [prefix = "", id = "", body = ""] = sealed.split(".")
      const stranger: SealKey = { id, bytes: new Uint8Array(32) }
      const others = [
        ...Array.from({ length: 20 }, (_, i) => sealed.slice(0, Math.ceil((sealed.length * i) / 20) || 1)),
        sealed.slice(0, -1),
        `${sealed}A`,
        `${sealed}=`,
        `${sealed}.`,
        `${sealed}.x`,
        `${prefix}.${id}`,
        `${prefix}..${body}`,
        `${prefix}.unknown.${body}`,
        `v2.${id}.${body}`,
        `${prefix}.${id}.${Buffer.from(body, "base64url").toString("base64")}=`,
        sealed.toLowerCase(),
        `"${sealed}"`,
        `${sealed}, ${sealed}`,
        "s-1",
        "null",
        "x".repeat(9_000),
        resealed(sealed, {}, stranger)
      ]
      for (const other of others) await expectNotFound(holding(from, other), other.slice(0, 80))
      await expectAlive(holding(from, sealed))
    })

    it("an expired one gets 404, also when it was used before", async () => {
      const sealed = sealOf(await openSession(who(0)))
      const from = who(replica)
      await expectAlive(holding(from, resealed(sealed, { expiresAt: inSeconds(60) })))
      await expectNotFound(holding(from, resealed(sealed, { expiresAt: inSeconds(0) })), "expired")
      const soon = holding(from, resealed(sealed, { expiresAt: inSeconds(3) }))
      const seen = new Set<number>()
      while (!seen.has(404)) {
        seen.add((await post(soon, request("tools/list"))).status)
        await Bun.sleep(50)
      }
      assert.deepEqual([...seen], [200, 404])
      await expectNotFound(soon, "expired meanwhile")
    })
  }
)

describe("S-08: keys rotate without dropping sessions", () => {
  it("the old key opens as long as it is kept, new sessions take the new one, and once it is gone the old session is", async () => {
    const old = sealOf(await openSession(who(0)))
    const keyOf = (sealed: string): string | undefined => sealed.split(".")[1]
    assert.strictEqual(keyOf(old), newest().id)

    await replicas.rotate(2)
    assert.lengthOf(replicas.sealingKeys(), 2)
    const fresh = sealOf(await openSession(who(1)))
    assert.strictEqual(keyOf(fresh), newest().id)
    assert.notStrictEqual(keyOf(fresh), keyOf(old))
    for (const replica of [0, 1] as const) {
      await expectAlive(holding(who(replica), old))
      await expectAlive(holding(who(replica), fresh))
    }

    await replicas.rotate(2)
    for (const replica of [0, 1] as const) {
      await expectNotFound(holding(who(replica), old), "its key is gone")
      await expectAlive(holding(who(replica), fresh))
    }
  })
})
