/**
 * What sign-ins left: one entry for each gateway, in one file, 0600 in a folder 0700, whole at any time. A credential is handed out for the
 * URL it was got from and for no other. A file that others can read is refused rather than trusted.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { failed, type Failure } from "../Failure.ts"
import { locked } from "./lock.ts"

/** Tokens of the gateway's authorization server. */
export const OAuthLogin = Schema.TaggedStruct("oauth", {
  client_id: Schema.String,
  access_token: Schema.Redacted(Schema.String),
  refresh_token: Schema.optionalWith(Schema.Redacted(Schema.String), { exact: true }),
  /** Epoch milliseconds. */
  expires_at: Schema.Number
})
export type OAuthLogin = typeof OAuthLogin.Type

/** A browser's session, begun with a password: what makes tokens, keys and secrets. */
export const SessionLogin = Schema.TaggedStruct("session", {
  username: Schema.String,
  /** `name=value`. */
  cookie: Schema.Redacted(Schema.String)
})

export const Login = Schema.Union(OAuthLogin, SessionLogin)
export type Login = typeof Login.Type

const Stored = Schema.parseJson(
  Schema.Struct({
    version: Schema.Literal(1),
    /** The gateway signed in to last. */
    current: Schema.optionalWith(Schema.String, { exact: true }),
    gateways: Schema.Record({ key: Schema.String, value: Login })
  }),
  { space: 2 }
)
type Stored = typeof Stored.Type

export interface LoginsApi {
  readonly current: Effect.Effect<Option.Option<string>, Failure>
  readonly get: (url: string) => Effect.Effect<Option.Option<Login>, Failure>
  /** Also makes it the current one. */
  readonly put: (url: string, login: Login) => Effect.Effect<void, Failure>
  readonly remove: (url: string) => Effect.Effect<void, Failure>
  /** One at a time over all processes: a refresh token is good once. */
  readonly alone: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Failure, R>
}

export class Logins extends Context.Tag("@mcpgw/cli/Logins")<Logins, LoginsApi>() {
  /** In `MCPGW_CONFIG_DIR`, else `mcpgw` under `XDG_CONFIG_HOME` or `~/.config`. */
  static readonly layer: Layer.Layer<Logins, never, FileSystem.FileSystem | Path.Path> = Layer.effect(
    Logins,
    Effect.suspend(() => make)
  )
}

const EMPTY: Stored = { version: 1, gateways: {} }

const folderOf = Effect.gen(function* () {
  const path = yield* Path.Path
  const own = yield* Config.option(Config.nonEmptyString("MCPGW_CONFIG_DIR"))
  if (Option.isSome(own)) return own.value
  const base = yield* Config.option(Config.nonEmptyString("XDG_CONFIG_HOME"))
  if (Option.isSome(base)) return path.join(base.value, "mcpgw")
  return path.join(yield* Config.nonEmptyString("HOME"), ".config", "mcpgw")
}).pipe(
  Effect.mapError(() =>
    failed("There is no place for credentials", "set HOME, or MCPGW_CONFIG_DIR to a folder of yours")
  )
)

const make = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const place = yield* Effect.cached(
    Effect.map(Effect.provideService(folderOf, Path.Path, path), (folder) => ({
      folder,
      file: path.join(folder, "credentials.json")
    }))
  )
  const unusable = (file: string, problem: string): Failure =>
    failed(`${JSON.stringify(file)} can not be used: ${problem}`, "mend it, or remove it and sign in again")
  const read = Effect.gen(function* () {
    const { file } = yield* place
    if (!(yield* Effect.orElseSucceed(fs.exists(file), () => false))) return EMPTY
    const { mode } = yield* Effect.mapError(fs.stat(file), ({ message }) => unusable(file, message))
    if ((mode & 0o077) !== 0) return yield* unusable(file, "others can read it; chmod 600 it")
    const text = yield* Effect.mapError(fs.readFileString(file), ({ message }) => unusable(file, message))
    // The parser's own words would repeat what the file holds.
    return yield* Effect.mapError(Schema.decode(Stored)(text), () => unusable(file, "it is not what sign-in wrote"))
  })
  const write = (stored: Stored) =>
    Effect.gen(function* () {
      const { file, folder } = yield* place
      yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
      const part = path.join(folder, `.credentials.${crypto.randomUUID()}`)
      const text = yield* Schema.encode(Stored)(stored)
      yield* fs.writeFileString(part, `${text}\n`, { flag: "wx", mode: 0o600 })
      yield* Effect.onError(fs.rename(part, file), () => Effect.orDie(fs.remove(part, { force: true })))
    }).pipe(
      Effect.mapError((error) =>
        error._tag === "CliFailure" ? error : failed(`Credentials can not be saved: ${error.message}`)
      )
    )
  const alone = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(place, ({ folder }) => locked(fs, folder, path.join(folder, ".lock"))(effect))
  const change = (alter: (stored: Stored) => Stored) => alone(Effect.flatMap(read, (stored) => write(alter(stored))))
  return {
    current: Effect.map(read, ({ current }) => Option.fromNullable(current)),
    get: (url) => Effect.map(read, ({ gateways }) => Option.fromNullable(gateways[url])),
    put: (url, login) =>
      change((stored) => ({ ...stored, current: url, gateways: { ...stored.gateways, [url]: login } })),
    remove: (url) =>
      change(({ current, gateways: { [url]: _gone, ...gateways } }) => ({
        version: 1,
        ...(current === undefined || current === url ? {} : { current }),
        gateways
      })),
    alone
  } satisfies LoginsApi
})
