/** Whose token goes where (contracts.md §2.2; S-01, A-10): two credentials in, one out, and never ours. */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import {
  answerOf,
  callTool,
  get,
  modern,
  openSession,
  post,
  remove,
  request,
  withHeaders
} from "@mcpgw/testkit/McpRequest"
import { type Asked, type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, beforeEach, describe, it, vi } from "vitest"
import { at, startSeeded } from "../support/seed.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
few:
  - server: one
    methods: [tools/list]
    tools: [open]
`

let server: ScriptedServer
let gateway: TestGateway
let token: string
let url: string

beforeAll(async () => {
  server = await startScripted(legacyScript({ tools: ["open"] }))
  gateway = await startSeeded({
    servers: [at("/one", `${server.url}/?key=kept`)],
    scopes: SCOPES,
    env: { MCPGW_LOG_LEVEL: "debug" }
  })
  url = `${gateway.url}/one/mcp`
  token = await gateway.token(["few"], { sub: "u-1", preferred_username: "Zoë Müller", client_id: "ide" })
})

afterAll(async () => {
  await Promise.all([gateway?.close(), server?.stop()])
})

beforeEach(() => server.forget())

/** What the server was asked on someone's behalf; health checks left out. */
const asked = (): ReadonlyArray<Asked> => server.seen.filter(({ headers }) => headers.has("x-user"))

/** Everything of a request, as one text. */
const whole = ({ method, path, headers, body }: Asked): string => JSON.stringify([method, path, [...headers], body])

const viaAuthorization = () => ({ url, headers: { authorization: `Bearer ${token}` } })
const viaXAuthorization = () => ({ url, headers: { "x-authorization": `Bearer ${token}` } })

describe("S-01: the inbound token never leaves", () => {
  it("not in a header, the URL or the body, whatever is asked and wherever the token was presented", async () => {
    for (const who of [viaAuthorization(), viaXAuthorization()]) {
      const inside = await openSession(
        withHeaders(who, { cookie: `mcp_gateway_session=${token}; other=1`, "x-custom": "kept" })
      )
      await post(inside, request("tools/list"))
      await post(inside, callTool("open"))
      await post(...modern(who, "tools/call", { name: "open", arguments: {} }))
      await get(withHeaders(inside, { "last-event-id": "e-1" }))
      await remove(inside)
    }
    const signature = token.split(".")[2] ?? token
    assert.isAbove(asked().length, 10)
    for (const one of asked()) {
      assert.notInclude(whole(one), token)
      assert.notInclude(whole(one), signature)
      for (const name of ["authorization", "x-authorization", "cookie", "proxy-authorization"]) {
        assert.isFalse(one.headers.has(name), name)
      }
    }
    assert.isTrue(
      asked().some(({ headers }) => headers.get("x-custom") === "kept"),
      "all else is passed on"
    )
  })

  it("A-05: a token in the query is refused, so that it is in nobody's log", async () => {
    for (const name of ["access_token", "token", "api_key", "mcp_gateway_session"]) {
      const answer = await post(
        { url: `${url}?x=1&${name}=${token}`, headers: viaAuthorization().headers },
        request("tools/list")
      )
      assert.strictEqual(answer.status, 400)
      assert.isDefined((await answerOf(answer)).error)
    }
    assert.lengthOf(asked(), 0)
  })

  it("it is in no file but the keys' and in no line the gateway prints", async () => {
    const signature = token.split(".")[2] ?? token
    assert.notInclude(gateway.output(), signature)
    for (const name of readdirSync(gateway.dataDir, { recursive: true, encoding: "utf8" })) {
      if (!/\.(?:db|db-wal|log|jsonl|yml)$/.test(name)) continue
      assert.notInclude(readFileSync(join(gateway.dataDir, name), "latin1"), signature, name)
    }
  })
})

describe("contracts §2.2: dual tokens", () => {
  it("X-Authorization is ours, Authorization is the server's and reaches it as it is", async () => {
    const who = withHeaders(viaXAuthorization(), { authorization: "Bearer servers-own-credential" })
    await openSession(who)
    assert.strictEqual(asked()[0]?.headers.get("authorization"), "Bearer servers-own-credential")
    await post(
      { ...who, headers: { ...who.headers, authorization: "Basic dXNlcjpwYXNz" } },
      request("initialize", { protocolVersion: "2025-11-25" })
    )
    assert.strictEqual(asked().at(-1)?.headers.get("authorization"), "Basic dXNlcjpwYXNz")
  })

  it("a token of ours in Authorization beside X-Authorization is refused: the same, another's, an expired one", async () => {
    const other = await gateway.token(["few"], { sub: "other" })
    const expired = await gateway.token(["few"], { exp: 1_000 })
    for (const value of [
      `Bearer ${token}`,
      `bearer ${token}`,
      `Bearer ${other}`,
      `Bearer ${expired}`,
      `Bearer  ${token} `,
      `Token token="${token}"`,
      `Custom a=1;credential=${other},b=2`,
      token
    ]) {
      const answer = await post(withHeaders(viaXAuthorization(), { authorization: value }), request("tools/list"))
      assert.strictEqual(answer.status, 400, value.slice(0, 12))
      assert.isDefined((await answerOf(answer)).error)
    }
    assert.lengthOf(asked(), 0)
  })

  it("an X-Authorization that does not verify ends the search: 401, whatever Authorization holds", async () => {
    for (const value of ["Bearer nonsense", "nonsense", "Bearer ", `Bearer ${token}x`, `Basic ${btoa("a:b")}`]) {
      const answer = await post(withHeaders(viaAuthorization(), { "x-authorization": value }), request("tools/list"))
      assert.strictEqual(answer.status, 401, value.slice(0, 12))
      assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/)
      assert.isDefined((await answerOf(answer)).error)
    }
    assert.lengthOf(asked(), 0)
  })
})

describe("contracts §2.2: identity headers", () => {
  it("say who calls what, and a client's own of these names are dropped", async () => {
    const forged = [
      "x-user",
      "x-username",
      "x-client-id-auth",
      "x-scopes",
      "x-groups",
      "x-auth-method",
      "x-server-name",
      "x-tool-name",
      "x-original-url",
      "x-real-ip",
      "x-forwarded-for",
      "x-forwarded-proto",
      "x-forwarded-host",
      "x-internal-token",
      "forwarded",
      "x-body",
      "origin",
      "referer"
    ]
    const headers = Object.fromEntries(forged.map((name) => [name, name === "origin" ? gateway.url : "forged"]))
    const inside = await openSession(withHeaders(viaAuthorization(), headers))
    await post(inside, callTool("open", 1, { city: "Köln" }))
    const sent = asked().at(-1)
    assert.notInclude([...(sent?.headers ?? [])].flat().join(" "), "forged")
    const expected = {
      "x-user": "Zo%C3%AB M%C3%BCller",
      "x-username": "Zo%C3%AB M%C3%BCller",
      "x-client-id-auth": "ide",
      "x-scopes": "few",
      "x-auth-method": "gateway_token",
      "x-server-name": "one",
      "x-tool-name": "open",
      "x-original-url": url,
      "x-real-ip": "127.0.0.1",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "accept-encoding": "identity",
      host: new URL(server.url).host
    }
    for (const [name, value] of Object.entries(expected)) assert.strictEqual(sent?.headers.get(name), value, name)
    assert.isNull(sent?.headers.get("origin") ?? null)
    assert.strictEqual(sent?.body, JSON.stringify(callTool("open", 1, { city: "Köln" })), "the bytes the client sent")
    assert.strictEqual(sent?.path, "/mcp?key=kept")
  })

  it("what belongs to one hop stays there", async () => {
    const inside = await openSession(viaAuthorization())
    await post(
      withHeaders(inside, { te: "trailers", "proxy-authorization": "Basic x", "keep-alive": "timeout=9" }),
      request("tools/list")
    )
    const sent = asked().at(-1)
    for (const name of ["te", "proxy-authorization", "keep-alive", "upgrade"])
      assert.isFalse(sent?.headers.has(name), name)
  })
})
