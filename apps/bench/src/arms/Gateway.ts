/**
 * A real gateway process with a data folder of its own: one server registered, one policy, tokens signed with its own keys. The
 * server is written into the store before the start, so that the bench needs nothing of the registry's API.
 */
import { ServerPath } from "@mcpgw/domain/Ids"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { importJWK, SignJWT } from "jose"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { BenchFailed, wordsOf } from "../BenchFailed.ts"
import * as Child from "../Child.ts"
import { type Machine, root } from "../machine.ts"

/** Path of the one server. */
export const SERVER = "/bench"
/** The tool the policy opens, and one it does not. */
export const ALLOWED_TOOL = "echo"
export const DENIED_TOOL = "other_0"

const SCOPE = "bench/execute"

/** Relative to the data folder, where the gateway looks for it by itself. */
export const POLICY_FILE = "scopes.yml"

/** Methods as in the default policy; GET so that a stream can be opened without a session. `administrators`: what groups may do. */
export const policyOf = (administrators: string): string => `${administrators}
${SCOPE}:
  - server: bench
    methods: [initialize, notifications/initialized, ping, tools/list, tools/call, GET]
    tools: [${ALLOWED_TOOL}]
`

/** Nobody registers anything: the server is there from the start. */
const NOBODY = `group_mappings: {}
UI-Scopes: {}`

export interface GatewayHome {
  readonly folder: string
  readonly port: number
  /** Folder of another checkout to run; this one otherwise. */
  readonly checkout?: string
  /** Settings beside those of every measured gateway. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Gateway {
  readonly pid: number
  readonly url: string
  /** Of the one server. */
  readonly mcp: string
  readonly stop: Effect.Effect<void>
  readonly output: () => string
}

const KeyFile = Schema.parseJson(
  Schema.Struct({
    signing: Schema.NonEmptyArray(
      Schema.Struct({ id: Schema.String, jwk: Schema.Record({ key: Schema.String, value: Schema.String }) })
    )
  })
)

const register = (folder: string, upstream: string): Effect.Effect<void, BenchFailed> =>
  Effect.gen(function* () {
    const store = yield* RegistryStore
    const now = new Date().toISOString()
    yield* store.put({
      server_name: "Bench",
      description: "Echo server of the bench",
      path: ServerPath.make(SERVER),
      proxy_pass_url: upstream,
      tags: [],
      num_tools: 0,
      num_stars: 0,
      is_python: false,
      license: "",
      supported_transports: ["streamable-http"],
      headers: [],
      tool_list: [],
      is_enabled: true,
      trusted_address: true,
      registered_by: "bench",
      registered_at: now,
      updated_at: now
    })
  }).pipe(
    Effect.provide(
      RegistryStore.layerSql.pipe(Layer.provide(Store.layerSqlite({ filename: join(folder, "mcpgw.db") })))
    ),
    Effect.mapError((cause) => new BenchFailed({ problem: `the server can not be registered: ${cause.message}` }))
  )

/** A data folder with policy and server, as before a first start. */
export const prepare = (folder: string, upstream: string): Effect.Effect<GatewayHome, BenchFailed> =>
  Effect.gen(function* () {
    mkdirSync(folder, { mode: 0o700 })
    writeFileSync(join(folder, POLICY_FILE), policyOf(NOBODY), { mode: 0o600 })
    yield* register(folder, upstream)
    return { folder, port: yield* Child.freePort }
  })

/** Answers when the process is there, not when it is ready. `on`: which cores it gets. */
export const launch = (
  machine: Machine,
  { folder, port, checkout = root, settings = {} }: GatewayHome,
  on: Machine["serving"] = machine.serving
): Effect.Effect<Child.Child, BenchFailed, Scope.Scope> =>
  Child.start({
    name: "gateway",
    command: on([process.execPath, "run", "apps/gateway"]),
    cwd: checkout,
    env: {
      ...machine.env,
      ...settings,
      MCPGW_PORT: String(port),
      MCPGW_DATA_DIR: folder,
      MCPGW_LOG_LEVEL: "warning",
      MCPGW_MAX_STREAMS_PER_CALLER: "1000000"
    }
  })

export const urlOf = ({ port }: GatewayHome): string => `http://127.0.0.1:${port}`

export const mcpOf = (home: GatewayHome): string => `${urlOf(home)}${SERVER}/mcp`

/** Waits until the port is open. */
export const start = (machine: Machine, home: GatewayHome): Effect.Effect<Gateway, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* launch(machine, home)
    yield* child.printed(/is ready at/)
    return { pid: child.pid, url: urlOf(home), mcp: mcpOf(home), stop: child.stop, output: child.output }
  })

const unsigned = (cause: unknown): BenchFailed =>
  new BenchFailed({ problem: `no token could be signed: ${wordsOf(cause)}` })

/** Makes access tokens as the gateway does, each another; its keys are there after a first start. */
export const signerFor = (home: GatewayHome): Effect.Effect<Effect.Effect<string, BenchFailed>, BenchFailed> =>
  Effect.gen(function* () {
    const text = readFileSync(join(home.folder, "keys", "keys.json"), "utf8")
    const { signing } = yield* Schema.decode(KeyFile)(text)
    const { id, jwk } = signing[0]
    const key = yield* Effect.tryPromise(async () => importJWK(jwk, "EdDSA"))
    const url = urlOf(home)
    const claims = {
      sub: "bench",
      preferred_username: "bench",
      client_id: "user-generated",
      token_use: "access",
      token_type: "user_generated",
      scope: SCOPE
    }
    return Effect.tryPromise({
      try: async () =>
        new SignJWT({ ...claims, jti: crypto.randomUUID() })
          .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: id })
          .setIssuer(url)
          .setAudience(url)
          .setIssuedAt()
          .setExpirationTime("2h")
          .sign(key),
      catch: unsigned
    })
  }).pipe(Effect.mapError(unsigned))

/** One access token. */
export const tokenFor = (home: GatewayHome): Effect.Effect<string, BenchFailed> => Effect.flatten(signerFor(home))
