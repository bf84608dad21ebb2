/** Issue 6, "bad input lists every wrong field at once": of every route with a body, and of every route with parameters. */
import * as HttpApi from "@effect/platform/HttpApi"
import { it } from "@effect/vitest"
import { Api } from "@mcpgw/api/Api"
import { RevokeRequest } from "@mcpgw/api/Tokens"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Tokens } from "@mcpgw/identity/Tokens"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, PUBLIC_URL, registered, ROLES, signedIn, type Answer } from "./support/plane.ts"

interface Route {
  readonly at: string
  /** Fields of the body by name, each with what it can not hold. */
  readonly wrong: Readonly<Record<string, unknown>>
}

const CANDIDATES = [{ a: 7.5 }, 7.5, true, "x"]

/** What can stand nowhere where `type` may. */
const wrongFor = (type: AST.AST): unknown => {
  const decode = Schema.decodeUnknownEither(Schema.make(type))
  return CANDIDATES.find((value) => Either.isLeft(decode(value)))
}

const wrongBody = (schema: AST.AST): Route["wrong"] =>
  Object.fromEntries(AST.getPropertySignatures(schema).map(({ name, type }) => [String(name), wrongFor(type)] as const))

const routes: Array<Route> = []
const parameters: Array<readonly [at: string, everyError: boolean]> = []
HttpApi.reflect(Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint: { method, path, payloadSchema, urlParamsSchema } }) => {
    const at = `${method} ${path}`
    if (Option.isSome(urlParamsSchema)) {
      const options = AST.getParseOptionsAnnotation(urlParamsSchema.value.ast)
      parameters.push([at, Option.isSome(options) && options.value.errors === "all"])
    }
    if (Option.isSome(payloadSchema) && payloadSchema.value.ast !== RevokeRequest.ast)
      routes.push({ at, wrong: wrongBody(payloadSchema.value.ast) })
  }
})
routes.push({ at: "POST /api/tokens/revoke", wrong: { token_id: 7.5, token: 7.5, subject: 7.5, issuer: 7.5 } })

/** Where a field that has no meaning is left aside, as the replaced system did or the protocol wants. */
const LENIENT = new Set([
  "POST /api/auth/login",
  "POST /api/search/semantic",
  "POST /api/edit/*",
  "POST /api/connect-config/*",
  "POST /api/import/servers",
  "POST /v0.1/publish",
  "POST /v0.1/validate",
  "PUT /v0.1/servers/:serverName/versions/:version",
  "PATCH /v0.1/servers/:serverName/versions/:version/status",
  "PATCH /v0.1/servers/:serverName/status",
  "POST /api/internal/remove",
  "POST /api/internal/toggle"
])

/** Fields whose wrong values have another answer than a 400 of this kind. */
const ELSEWHERE: Readonly<Record<string, ReadonlyArray<string>>> = {
  // Only the registry sets them: they may stand there, whatever they are.
  "PUT /api/servers/*": ["num_tools", "tool_list"],
  "PATCH /api/servers/*": ["num_tools", "tool_list"],
  // Of a document the publisher's `_meta` is one field.
  "POST /v0.1/publish": ["_meta"],
  "POST /v0.1/validate": ["_meta"],
  "PUT /v0.1/servers/:serverName/versions/:version": ["_meta"]
}

const pathOf = (path: string): string =>
  path
    .replace(":serverName", encodeURIComponent("com.example/a"))
    .replace(":version", "1.0.0")
    .replaceAll(/:\w+/g, "someone")
    .replace("*", "currenttime")

const fieldsIn = ({ body }: Answer): ReadonlyArray<string> => {
  const { errors = [], field, issues = [] } = Object(body)
  const named = [...errors, ...issues].map((one: object) => {
    const { field: name, location, path } = Object(one)
    return String(name ?? location ?? path).replace(/^body\./, "")
  })
  return named.length > 0 ? named : [String(field)]
}

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* registered(CURRENTTIME)
  yield* (yield* Accounts).put({ username: "admin", groups: ROLES.admin }, "correct horse battery 9")
  const cookie = yield* signedIn("admin")
  // Only a service has tokens made for others, and comes with no session.
  const owner = { issuer: PUBLIC_URL, subject: "reports", username: "reports" }
  const asked = { scopes: undefined, hours: 1, description: undefined, clientId: "reports" }
  const { token } = yield* (yield* Tokens).issue({ owner, ownerScopes: ["mcp-registry-admin"], ...asked })
  return (at: string, json?: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const [method = "", path = ""] = at.split(" ")
    return call(plane, method, pathOf(path), {
      ...(path === "/internal/tokens" ? { bearer: token } : { cookie }),
      headers,
      ...(json === undefined ? {} : { json })
    })
  }
})

describe("issue 6: bad input lists every wrong field at once", () => {
  it("of every body that the API knows: there are some", () => expect(routes.length).toBeGreaterThan(40))

  it.scoped("in the body of every route", () =>
    Effect.gen(function* () {
      const send = yield* start
      for (const { at, wrong } of routes) {
        const answer = yield* send(at, { ...wrong, nonsense: 1 }, { "if-match": "*" })
        const expected = Object.keys(wrong).filter((name) => !(ELSEWHERE[at] ?? []).includes(name))
        const named = fieldsIn(answer).map((field) => field.split(".")[0])
        const said = `${at}: ${answer.text}`
        // To be told what is wrong is what one asks `validate` for.
        expect(at.endsWith("/validate") ? [200] : [400, 422], said).toContain(answer.status)
        expect(named, said).toEqual(expect.arrayContaining(expected))
        if (!LENIENT.has(at)) expect(named, said).toContain("nonsense")
      }
    }).pipe(Effect.provide(layer()))
  )

  it("in the parameters of every route that has some", () => {
    expect(parameters.length).toBeGreaterThan(10)
    expect(parameters.filter(([, everyError]) => !everyError)).toEqual([])
  })

  it.scoped("in the parameters of a list, and of one of the official protocol (R-04 … R-07)", () =>
    Effect.gen(function* () {
      const send = yield* start
      const list = yield* send("GET /api/servers?limit=0&sort=size")
      expect([list.status, fieldsIn(list).toSorted()], list.text).toEqual([400, ["limit", "sort"]])
      const protocol = yield* send("GET /v0.1/servers?limit=0&updated_since=yesterday&include_deleted=perhaps")
      expect([protocol.status, fieldsIn(protocol).toSorted()]).toEqual([
        422,
        ["query.include_deleted", "query.limit", "query.updated_since"]
      ])
    }).pipe(Effect.provide(layer()))
  )

  const NAMED: ReadonlyArray<readonly [at: string, body: object, error: object]> = [
    [
      "PUT /api/credentials/*",
      { auth_scheme: "nonesuch" },
      { field: "auth_scheme", expected: 'it must be "none", "bearer", "api_key" or "client"' }
    ],
    [
      "PATCH /api/servers/*",
      { visibility: "secret" },
      { field: "visibility", expected: 'it must be "public" or "private"' }
    ],
    [
      "POST /api/edit/*",
      { supported_transports: ["pigeon"] },
      { field: "supported_transports.0", expected: 'it must be "streamable-http", "sse" or "stdio"' }
    ],
    [
      "POST /api/search/semantic",
      { query: "x", entity_types: ["car"] },
      {
        field: "entity_types.0",
        expected: 'it must be "mcp_server", "tool", "a2a_agent", "skill", "virtual_server" or "custom"'
      }
    ],
    ["POST /api/servers/*/rate", { stars: 3 }, { field: "stars", expected: "it may be rating" }]
  ]
  it.scoped("all that a field may hold is said, in words", () =>
    Effect.gen(function* () {
      const send = yield* start
      for (const [at, body, error] of NAMED) {
        const answer = yield* send(at, body, { "if-match": "*" })
        expect([at, answer.status, answer.body]).toMatchObject([at, 400, error])
      }
      const status = yield* send("PATCH /v0.1/servers/:serverName/status", { status: "gone" })
      expect(fieldsIn(status)).toEqual(["status"])
    }).pipe(Effect.provide(layer()))
  )
})
