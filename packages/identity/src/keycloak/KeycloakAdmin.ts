/**
 * **KeycloakAdmin** — Keycloak's admin REST API, as far as a gateway needs it: signs in as an administrator, reads typed answers, writes.
 * Follows no redirect, so that a password or a token never goes further than the URL that was given. Decides nothing.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import {
  KeycloakForbidden,
  KeycloakNameTaken,
  KeycloakSignInRefused,
  KeycloakUnexpected,
  KeycloakUnreachable
} from "./KeycloakError.ts"

export type AdminFailure =
  | KeycloakUnreachable
  | KeycloakSignInRefused
  | KeycloakForbidden
  | KeycloakNameTaken
  | KeycloakUnexpected

export interface KeycloakAdminApi {
  /** Without a slash at its end. */
  readonly url: string
  /** Paths begin below `/admin/realms`; `undefined` when nothing is there. */
  readonly get: <A, I>(path: string, schema: Schema.Schema<A, I>) => Effect.Effect<A | undefined, AdminFailure>
  readonly post: (path: string, body: unknown) => Effect.Effect<void, AdminFailure>
  readonly put: (path: string, body?: unknown) => Effect.Effect<void, AdminFailure>
  /** False: nothing is there. */
  readonly remove: (path: string) => Effect.Effect<boolean, AdminFailure>
}

/** A person who administers, or a client whose service account does. */
export type KeycloakAdminIdentity =
  | { readonly username: string; readonly password: Redacted.Redacted }
  | { readonly clientId: string; readonly clientSecret: Redacted.Redacted }

export type KeycloakAdminOptions = KeycloakAdminIdentity & {
  /** Where Keycloak is, with its path if it has one. */
  readonly url: string
  /** The administrator's realm; `master` unless told otherwise. */
  readonly realm?: string
  /** How to reach it; the runtime's `fetch` when absent. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
}

export class KeycloakAdmin extends Context.Tag("@mcpgw/identity/KeycloakAdmin")<KeycloakAdmin, KeycloakAdminApi>() {
  /** Signs in when the layer is built, and again when the token is about to end. */
  static layer(options: KeycloakAdminOptions): Layer.Layer<KeycloakAdmin, AdminFailure> {
    return Layer.effect(KeycloakAdmin, makeAdmin(options))
  }
}

const TIMEOUT = Duration.seconds(30)

/** Seconds before its end at which a token is taken for ended. */
const MARGIN_SECONDS = 10

/** Characters of Keycloak's own words that are repeated. */
const MOST_WORDS = 300

const Token = Schema.parseJson(
  Schema.Struct({ access_token: Schema.NonEmptyString, expires_in: Schema.Number.pipe(Schema.nonNegative()) })
)

/** The two ways Keycloak says what is wrong. */
const Failure = Schema.parseJson(
  Schema.Struct({
    error: Schema.optional(Schema.String),
    error_description: Schema.optional(Schema.String),
    errorMessage: Schema.optional(Schema.String)
  })
)

interface Answer {
  readonly status: number
  readonly text: string
  readonly location: string | null
}

/** Signs in, as `KeycloakAdmin.layer` does; for a service that does so when it is first needed. */
export const makeAdmin = (options: KeycloakAdminOptions): Effect.Effect<KeycloakAdminApi, AdminFailure> =>
  Effect.gen(function* () {
    const url = options.url.replace(/\/+$/, "")
    const held = yield* Ref.make(yield* signIn(options, url))
    const bearer = Effect.gen(function* () {
      const current = yield* Ref.get(held)
      if (current.endsAt > (yield* Clock.currentTimeMillis)) return current.token
      const next = yield* signIn(options, url)
      yield* Ref.set(held, next)
      return next.token
    })
    const ask = (method: string, path: string, body?: unknown): Effect.Effect<Answer, AdminFailure> =>
      Effect.gen(function* () {
        const headers = { authorization: `Bearer ${Redacted.value(yield* bearer)}`, accept: "application/json" }
        const init =
          body === undefined
            ? { method, headers }
            : { method, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) }
        const answer = yield* exchange(options, url, `/admin/realms${path}`, init)
        if (answer.status === 403) {
          return yield* new KeycloakForbidden({ username: nameOf(options), action: `${method} ${path}` })
        }
        return answer
      })
    const write = (method: string, path: string, body?: unknown): Effect.Effect<void, AdminFailure> =>
      Effect.flatMap(ask(method, path, body), (answer): Effect.Effect<void, AdminFailure> => {
        if (answer.status >= 200 && answer.status < 300) return Effect.void
        if (answer.status === 409) return new KeycloakNameTaken({ what: `${method} ${path}`, problem: wordsOf(answer) })
        return unexpected(`${method} ${path}`, answer)
      })
    return {
      url,
      get: (path, schema) =>
        Effect.flatMap(ask("GET", path), (answer) => {
          if (answer.status === 404) return Effect.succeed(undefined)
          return answer.status === 200 ? decoded(path, schema, answer) : unexpected(`GET ${path}`, answer)
        }),
      post: (path, body) => write("POST", path, body),
      put: (path, body) => write("PUT", path, body),
      remove: (path) =>
        Effect.flatMap(ask("DELETE", path), (answer) => {
          if (answer.status === 404) return Effect.succeed(false)
          return answer.status >= 200 && answer.status < 300
            ? Effect.succeed(true)
            : unexpected(`DELETE ${path}`, answer)
        })
    }
  })

const decoded = <A, I>(path: string, schema: Schema.Schema<A, I>, { text }: Answer) =>
  Effect.mapError(
    Schema.decode(Schema.parseJson(schema))(text),
    // The answer may hold secrets, and a parse error repeats what it found.
    () => new KeycloakUnexpected({ action: `GET ${path}`, problem: "something this version can not read" })
  )

/** As errors call the administrator. */
const nameOf = (identity: KeycloakAdminIdentity): string =>
  "username" in identity ? identity.username : `client ${identity.clientId}`

const grantOf = (identity: KeycloakAdminIdentity): Record<string, string> =>
  "username" in identity
    ? {
        grant_type: "password",
        client_id: "admin-cli",
        username: identity.username,
        password: Redacted.value(identity.password)
      }
    : {
        grant_type: "client_credentials",
        client_id: identity.clientId,
        client_secret: Redacted.value(identity.clientSecret)
      }

const signIn = (options: KeycloakAdminOptions, url: string) =>
  Effect.gen(function* () {
    const realm = options.realm ?? "master"
    const path = `/realms/${encodeURIComponent(realm)}/protocol/openid-connect/token`
    const body = new URLSearchParams(grantOf(options))
    const answer = yield* exchange(options, url, path, { method: "POST", body })
    if (answer.status === 400 || answer.status === 401) {
      return yield* new KeycloakSignInRefused({ url, realm, username: nameOf(options), problem: wordsOf(answer) })
    }
    if (answer.status === 404) {
      const problem = `404: there is no Keycloak at ${url}, or it has no realm ${realm}`
      return yield* new KeycloakUnexpected({ action: `POST ${path}`, problem })
    }
    const token = Schema.decodeEither(Token)(answer.text)
    if (answer.status !== 200 || Either.isLeft(token)) return yield* unexpected(`POST ${path}`, answer)
    const now = yield* Clock.currentTimeMillis
    const endsAt = now + Math.max(0, token.right.expires_in - MARGIN_SECONDS) * 1000
    return { token: Redacted.make(token.right.access_token), endsAt }
  })

const exchange = (
  { fetch: fetchImplementation = fetch }: KeycloakAdminOptions,
  url: string,
  path: string,
  init: RequestInit
): Effect.Effect<Answer, KeycloakUnreachable> =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetchImplementation(`${url}${path}`, { ...init, redirect: "manual", signal })
      return { status: response.status, text: await response.text(), location: response.headers.get("location") }
    },
    catch: (cause) => new KeycloakUnreachable({ url, problem: reasonOf(cause) })
  }).pipe(
    Effect.timeoutFail({
      duration: TIMEOUT,
      onTimeout: () => new KeycloakUnreachable({ url, problem: "no answer within 30 seconds" })
    })
  )

/** The runtime's code, such as `ECONNREFUSED` or a certificate's fault, says it shorter than its words. */
const reasonOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return "no answer"
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message.slice(0, MOST_WORDS)
}

const unexpected = (action: string, answer: Answer): Effect.Effect<never, KeycloakUnexpected> =>
  new KeycloakUnexpected({
    action,
    status: answer.status,
    problem:
      answer.location !== null && answer.status >= 300 && answer.status < 400
        ? `a redirect, which is not followed, to ${answer.location.slice(0, MOST_WORDS)}`
        : `${answer.status}: ${wordsOf(answer)}`
  })

const wordsOf = ({ status, text }: Answer): string => {
  const failure = Schema.decodeEither(Failure)(text)
  const words = Either.isRight(failure)
    ? (failure.right.error_description ?? failure.right.errorMessage ?? failure.right.error)
    : undefined
  // What a server says goes to a terminal.
  return (words ?? `status ${status}`).slice(0, MOST_WORDS).replaceAll(/\p{Cc}/gu, " ")
}
