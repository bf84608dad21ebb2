/**
 * The authorization server over its ports, without a listener: clients set up beforehand, metadata documents, devices, and what a restart
 * keeps. The way of a browser is tested black-box beside the gateway.
 */
import { assert, describe, it } from "@effect/vitest"
import { OutboundFetch, type OutboundFetchApi } from "@mcpgw/auth/OutboundFetch"
import { Revocations } from "@mcpgw/auth/Revocations"
import * as SqlClient from "@effect/sql/SqlClient"
import { KeyRing, makeSealingKey, makeSigningKey } from "@mcpgw/domain/KeyRing"
import * as Store from "@mcpgw/store/Store"
import type { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import type { DatabaseNewer, MigrationFailed, StoreOpenFailed } from "@mcpgw/store/StoreError"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createHash } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Accounts } from "../src/Accounts.ts"
import { AuthorizationServer, type AuthorizationServerApi, servesOAuth } from "../src/AuthorizationServer.ts"
import { ClientSource, type KnownClient } from "../src/ClientSource.ts"
import { Grants } from "../src/Grants.ts"
import { PasswordCost } from "../src/PasswordCost.ts"
import { Sessions } from "../src/Sessions.ts"

const PUBLIC = "https://gw.example"
const ROBOT: KnownClient = {
  clientId: "robot",
  name: "Nightly robot",
  metadata: { grant_types: ["client_credentials"], response_types: [], redirect_uris: [] },
  subject: "agent:robot",
  groups: ["run", "read"]
}
const SECRETS = ["first secret", "second secret"]

interface World {
  readonly known?: () => KnownClient | undefined
  readonly fetch?: OutboundFetchApi
  readonly documentHosts?: ReadonlyArray<string>
  readonly maxClients?: number
  /** Keys and database of a process that is started again. */
  readonly kept?: Layer.Layer<
    KeyRing | SqlClient.SqlClient | ChangeFeed,
    StoreOpenFailed | MigrationFailed | DatabaseNewer
  >
}

const DOCUMENT = "https://ide.example/oauth/client.json"

const fresh = Layer.mergeAll(KeyRing.layerEphemeral, Store.layerMemory)

const layer = ({ known = () => ROBOT, fetch, documentHosts = [], maxClients = 100, kept = fresh }: World = {}) => {
  const base = Layer.mergeAll(
    kept,
    Revocations.layerMemory,
    Layer.provide(Accounts.layerMemory, PasswordCost.layerLow),
    fetch === undefined ? OutboundFetch.layerNone : OutboundFetch.layerOf(fetch),
    ClientSource.layerOf({
      find: async (id) => (id === "robot" ? known() : undefined),
      verifySecret: async (_, secret) => SECRETS.includes(secret)
    }),
    Grants.layerOf({
      scopesOf: ({ groups }) => groups.map((group) => `use-${group}`),
      meaningful: (groups) => groups,
      describe: (path) => ({ title: path.slice(1), reachable: path !== "/hidden" })
    })
  )
  const sessions = Sessions.layerMemory({ issuer: PUBLIC, audience: PUBLIC })
  return AuthorizationServer.layer({ publicUrl: PUBLIC, documentHosts, maxClients }).pipe(
    Layer.provideMerge(sessions),
    Layer.provideMerge(base)
  )
}

interface Told {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Record<string, unknown>
}

const told = async (response: Response): Promise<Told> => {
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text.startsWith("{") ? JSON.parse(text) : {}
  }
}

const ask = (
  server: AuthorizationServerApi,
  path: string,
  init: { readonly form?: Readonly<Record<string, string>>; readonly headers?: Readonly<Record<string, string>> } = {}
): Effect.Effect<Told> =>
  Effect.promise(async () => {
    const { form, headers = {} } = init
    const body = form === undefined ? undefined : new URLSearchParams(form).toString()
    const length = body === undefined ? {} : { "content-length": String(body.length) }
    const request = new Request(`${PUBLIC}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...length, ...headers },
      ...(body === undefined ? {} : { body })
    })
    return told(await server.handle(request, { remote: "192.0.2.1" }))
  })

/** Registers a public client; answers its id. */
const register = (server: AuthorizationServerApi, metadata: Readonly<Record<string, unknown>>): Effect.Effect<string> =>
  Effect.promise(async () => {
    const request = new Request(`${PUBLIC}/oauth/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token_endpoint_auth_method: "none", ...metadata })
    })
    const { body, status, text } = await told(await server.handle(request, { remote: "192.0.2.1" }))
    assert.strictEqual(status, 201, text)
    return String(body["client_id"])
  })

const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split(".")[1] ?? "", "base64url").toString("utf8"))

const CHALLENGE = createHash("sha256").update("v".repeat(43)).digest("base64url")

const authorize = (clientId: string, redirect: string): string =>
  `/oauth/authorize?${new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirect,
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    resource: `${PUBLIC}/x/mcp`
  }).toString()}`

describe("A-34: when as many clients are kept as may be", () => {
  const of = (name: string) => ({ client_name: name, redirect_uris: ["http://127.0.0.1/cb"] })
  const allow = (sql: SqlClient.SqlClient, id: string) =>
    sql`UPDATE oauth_clients SET allowed_at = 1 WHERE client_id = ${id}`

  it.scoped("those that nobody ever allowed make room; when all are in use, new ones wait and known ones do not", () =>
    Effect.gen(function* () {
      const server = yield* AuthorizationServer
      const sql = yield* SqlClient.SqlClient
      const used = yield* register(server, of("used"))
      yield* allow(sql, used)
      const idle = yield* register(server, of("idle"))
      const late = yield* register(server, of("late"))
      const rows = yield* sql<{ readonly client_id: string }>`SELECT client_id FROM oauth_clients`
      assert.sameMembers(
        rows.map((row) => row.client_id),
        [used, late]
      )
      assert.notStrictEqual(idle, late)
      yield* allow(sql, late)
      assert.strictEqual(yield* register(server, of("used")), used)
      assert.strictEqual((yield* Effect.exit(register(server, of("more"))))._tag, "Failure")
    }).pipe(Effect.provide(layer({ maxClients: 2 })))
  )
})

describe("which paths are its own", () => {
  it("the documents and everything below /oauth", () => {
    const own = [
      "/oauth/token",
      "/oauth/interaction/x",
      "/.well-known/oauth-authorization-server",
      "/.well-known/openid-configuration"
    ]
    for (const path of own) assert.isTrue(servesOAuth(path), path)
    for (const path of ["/oauth2/login/x", "/api/auth/me", "/.well-known/jwks.json", "/oauthx/mcp"]) {
      assert.isFalse(servesOAuth(path), path)
    }
  })
})

describe("A-37: client credentials, for clients set up beforehand", () => {
  const grant = (secret: string, more: Readonly<Record<string, string>> = {}) => ({
    form: {
      grant_type: "client_credentials",
      client_id: "robot",
      client_secret: secret,
      resource: `${PUBLIC}/x/mcp`,
      ...more
    }
  })

  it.scoped(
    "any of its living secrets; its groups, or the scopes they hold and no others; one resource; no refresh token",
    () =>
      Effect.gen(function* () {
        const server = yield* AuthorizationServer
        for (const secret of SECRETS) {
          const { body, status } = yield* ask(server, "/oauth/token", grant(secret))
          assert.strictEqual(status, 200)
          assert.notProperty(body, "refresh_token")
          const claims = claimsOf(body["access_token"])
          assert.strictEqual(claims["sub"], "agent:robot")
          assert.strictEqual(claims["aud"], `${PUBLIC}/x/mcp`)
          assert.strictEqual(claims["scope"], "mcp")
          assert.strictEqual(claims["token_type"], "oauth")
          assert.deepStrictEqual(claims["groups"], ["run", "read"])
        }
        const narrowed = yield* ask(server, "/oauth/token", grant("first secret", { scope: "use-run everything" }))
        assert.strictEqual(claimsOf(narrowed.body["access_token"])["scope"], "use-run")
        assert.notProperty(claimsOf(narrowed.body["access_token"]), "groups")
        const none = yield* ask(server, "/oauth/token", grant("first secret", { scope: "bogus use-fly" }))
        assert.deepStrictEqual([none.status, none.body["error"]], [400, "invalid_scope"])
        assert.notProperty(none.body, "access_token")
        const hidden = yield* ask(server, "/oauth/token", grant("first secret", { resource: `${PUBLIC}/hidden/mcp` }))
        assert.deepStrictEqual([hidden.status, hidden.body["error"]], [400, "invalid_target"])
        const wrong = yield* ask(server, "/oauth/token", grant("third secret"))
        assert.strictEqual(wrong.status, 401)
        assert.strictEqual(wrong.body["error"], "invalid_client")
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("a client that is turned off stops at once", () => {
    let current: KnownClient | undefined = ROBOT
    return Effect.gen(function* () {
      const server = yield* AuthorizationServer
      assert.strictEqual((yield* ask(server, "/oauth/token", grant("first secret"))).status, 200)
      current = undefined
      assert.strictEqual((yield* ask(server, "/oauth/token", grant("first secret"))).status, 401)
    }).pipe(Effect.provide(layer({ known: () => current })))
  })

  it.scoped("what stands where its secret would be is no secret", () =>
    Effect.gen(function* () {
      const server = yield* AuthorizationServer
      for (const secret of ["asked-of-the-client-source", ""]) {
        assert.notStrictEqual((yield* ask(server, "/oauth/token", grant(secret))).status, 200)
      }
    }).pipe(Effect.provide(layer()))
  )
})

describe("A-28, A-33: client metadata documents", () => {
  const document = (more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
    client_id: DOCUMENT,
    client_name: "Nice IDE",
    redirect_uris: ["http://127.0.0.1:33418/", "https://ide.example/redirect"],
    scope: "whatever it likes",
    ...more
  })
  const serving = (body: unknown, init: ResponseInit = {}) => {
    const asked: Array<string> = []
    const fetch: OutboundFetchApi = async (url) => {
      asked.push(url)
      return new Response(typeof body === "string" ? body : JSON.stringify(body), init)
    }
    return { asked, fetch }
  }

  it.scoped(
    "a document is fetched once while it is fresh; its loopback port may differ; its host vouches for it",
    () => {
      const { asked, fetch } = serving(document(), { headers: { "cache-control": "max-age=600" } })
      return Effect.gen(function* () {
        const server = yield* AuthorizationServer
        for (const redirect of ["http://127.0.0.1:40000/", "https://ide.example/redirect"]) {
          const { headers, status } = yield* ask(server, authorize(DOCUMENT, redirect))
          assert.strictEqual(status, 303)
          assert.match(headers.get("location") ?? "", /^\/oauth\/interaction\//)
        }
        assert.deepStrictEqual(asked, [DOCUMENT])
        const elsewhere = yield* ask(server, authorize(DOCUMENT, "https://ide.example/other"))
        assert.strictEqual(elsewhere.status, 400)
      }).pipe(Effect.provide(layer({ fetch })))
    }
  )

  const refused: ReadonlyArray<readonly [string, unknown, ResponseInit]> = [
    ["names another id", document({ client_id: "https://ide.example/oauth/other.json" }), {}],
    ["carries a secret", document({ client_secret: "x" }), {}],
    ["wants a shared secret", document({ token_endpoint_auth_method: "client_secret_basic" }), {}],
    ["redirects in clear", document({ redirect_uris: ["http://ide.example/cb"] }), {}],
    ["redirects to a script", document({ redirect_uris: ["javascript:alert(1)"] }), {}],
    ["is no JSON", "<html>", {}],
    ["is a list", [document()], {}],
    ["is moved", "", { status: 302, headers: { location: "https://elsewhere.example/c.json" } }],
    ["is not there", "", { status: 404 }],
    ["is large", document({ client_name: "x".repeat(70_000) }), {}]
  ]
  for (const [name, body, init] of refused) {
    it.scoped(`a document that ${name} is no client, and the browser is sent nowhere`, () => {
      const { asked, fetch } = serving(body, init)
      return Effect.gen(function* () {
        const server = yield* AuthorizationServer
        const { headers, status, text } = yield* ask(server, authorize(DOCUMENT, "http://127.0.0.1:33418/"))
        assert.strictEqual(status, 400)
        assert.isNull(headers.get("location"))
        assert.notInclude(text, "elsewhere.example")
        assert.isAtMost(asked.length, 2)
        assert.isFalse(asked.some((url) => url !== DOCUMENT))
      }).pipe(Effect.provide(layer({ fetch })))
    })
  }

  it.scoped("S-06: addresses that are no document's are never asked for", () => {
    const { asked, fetch } = serving(document())
    return Effect.gen(function* () {
      const server = yield* AuthorizationServer
      const ids = [
        "http://ide.example/c.json",
        "https://ide.example/",
        "https://ide.example",
        "https://user:pw@ide.example/c.json",
        "https://ide.example/a/../c.json",
        "https://ide.example/c.json#x",
        "https://ide.example/c.json?x=1",
        "file:///etc/passwd"
      ]
      for (const id of ids) {
        assert.strictEqual((yield* ask(server, authorize(id, "http://127.0.0.1:33418/"))).status, 400, id)
      }
      assert.deepStrictEqual(asked, [])
    }).pipe(Effect.provide(layer({ fetch })))
  })

  it.scoped("with a list of hosts, others' documents are not fetched", () => {
    const { asked, fetch } = serving(document())
    return Effect.gen(function* () {
      const server = yield* AuthorizationServer
      assert.strictEqual((yield* ask(server, authorize(DOCUMENT, "http://127.0.0.1:33418/"))).status, 400)
      assert.deepStrictEqual(asked, [])
    }).pipe(Effect.provide(layer({ fetch, documentHosts: ["vetted.example"] })))
  })
})

describe("a restart", () => {
  it.effect("keeps clients, codes and what is under way; nothing is in the process alone", () =>
    Effect.gen(function* () {
      const folder = mkdtempSync(join(tmpdir(), "mcpgw-as-restart-"))
      const keys = KeyRing.layerOf({ sealing: [makeSealingKey()], signing: [yield* makeSigningKey] })
      const process = layer({ kept: Layer.merge(keys, Store.layerSqlite({ filename: join(folder, "db") })) })
      const grant_type = "urn:ietf:params:oauth:grant-type:device_code"
      const begun = yield* Effect.gen(function* () {
        const server = yield* AuthorizationServer
        const clientId = yield* register(server, { client_name: "CI", grant_types: [grant_type] })
        const { body } = yield* ask(server, "/oauth/device_authorization", { form: { client_id: clientId } })
        return { client_id: clientId, device_code: String(body["device_code"]) }
      }).pipe(Effect.provide(process))
      const answer = yield* Effect.gen(function* () {
        const server = yield* AuthorizationServer
        return yield* ask(server, "/oauth/token", { form: { grant_type, ...begun } })
      }).pipe(Effect.provide(process))
      assert.strictEqual(answer.body["error"], "authorization_pending")
      rmSync(folder, { recursive: true })
    })
  )
})

describe("RFC 8628: devices", () => {
  it.scoped("a device gets a code and where to enter it, waits, and is told to; only a client that may", () =>
    Effect.gen(function* () {
      const server = yield* AuthorizationServer
      const clientId = yield* register(server, {
        client_name: "CI",
        grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
      })
      const { body, status } = yield* ask(server, "/oauth/device_authorization", { form: { client_id: clientId } })
      assert.strictEqual(status, 200)
      assert.match(String(body["user_code"]), /^[B-Z]{4}-[B-Z]{4}$/)
      assert.strictEqual(body["verification_uri"], `${PUBLIC}/oauth/device`)
      const waiting = yield* ask(server, "/oauth/token", {
        form: {
          grant_type: "urn:ietf:params:oauth:grant-type:device_code",
          device_code: String(body["device_code"]),
          client_id: clientId
        }
      })
      assert.strictEqual(waiting.body["error"], "authorization_pending")
      const robot = yield* ask(server, "/oauth/device_authorization", {
        form: { client_id: "robot", client_secret: "first secret" }
      })
      assert.strictEqual(robot.status, 400)
    }).pipe(Effect.provide(layer()))
  )
})

describe("A-32: cookies where the gateway is https", () => {
  it.scoped("are bound to the host or to the interaction, signed, Secure, HttpOnly and Lax", () => {
    const fetch: OutboundFetchApi = async () =>
      new Response(JSON.stringify({ client_id: DOCUMENT, redirect_uris: ["http://127.0.0.1:1/"] }))
    return Effect.gen(function* () {
      const server = yield* AuthorizationServer
      const { headers } = yield* ask(server, authorize(DOCUMENT, "http://127.0.0.1:1/"))
      const lines = headers.getSetCookie()
      assert.isAbove(lines.length, 3)
      for (const line of lines) {
        assert.match(line, /^__(?:Host|Secure)-mcpgw_/)
        for (const attribute of ["secure", "httponly", "samesite=lax"]) assert.include(line.toLowerCase(), attribute)
        assert.notInclude(line.toLowerCase(), "domain=")
      }
      assert.isTrue(lines.some((line) => line.startsWith("__Secure-mcpgw_interaction.sig=")))
    }).pipe(Effect.provide(layer({ fetch })))
  })
})
