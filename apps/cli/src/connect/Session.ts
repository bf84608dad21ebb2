/**
 * The gateway a command talks to, and as whom: from the options, the environment, or the sign-in for that gateway, in this order. Sends a
 * credential nowhere else, follows no redirect, and prints none.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { Api } from "@mcpgw/api/Api"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { failed, type Failure, notAnswering, refused, wrongAnswer } from "../Failure.ts"
import { type Login, Logins } from "./Logins.ts"
import { gatewayKey, renew } from "./oauth.ts"
import { DEFAULT_URL, type Globals } from "./options.ts"
import { guardCredential } from "./plainHttp.ts"
import { tokenIn } from "./tokenFile.ts"

/**
 * The typed client of the gateway at `url`. `path`: the server's own path, which stands for the `*` of a route. What can not be decoded is
 * told here: of its parse errors those that are left are of a request, which is the input of whoever gave it.
 */
const clientAt = (http: HttpClient.HttpClient.With<HttpClientError | Failure>, url: string, path: string) =>
  HttpApiClient.makeWith(Api, {
    transformResponse: Effect.mapError((error) => (ParseResult.isParseError(error) ? wrongAnswer(url, error) : error)),
    httpClient: http.pipe(
      HttpClient.mapRequest((request) => HttpClientRequest.setUrl(request, request.url.replace(/\/\*$/, `/${path}`)))
    )
  })

export type ApiClient = Effect.Effect.Success<ReturnType<typeof clientAt>>

export interface SessionApi {
  readonly url: string
  readonly json: boolean
  readonly verbose: boolean
  readonly api: ApiClient
  /** The client for routes that end in a server's path. */
  readonly at: (path: string) => Effect.Effect<ApiClient>
  /** For routes without a contract here: what they answer, decoded. */
  readonly ask: <A, I>(
    request: HttpClientRequest.HttpClientRequest,
    schema: Schema.Schema<A, I>
  ) => Effect.Effect<A, Failure>
  /** The credential, for the MCP client. */
  readonly headers: Readonly<Record<string, string>>
}

export class Session extends Context.Tag("@mcpgw/cli/Session")<Session, SessionApi>() {
  static readonly layer = (
    globals: Globals
  ): Layer.Layer<Session, Failure, Logins | HttpClient.HttpClient | FileSystem.FileSystem> =>
    Layer.effect(
      Session,
      Effect.suspend(() => make(globals))
    )
}

/** A server's path as it goes into a URL: no slash around it, each segment by itself. */
export const pathInUrl = (path: string): string =>
  path
    .split("/")
    .filter((segment) => segment !== "")
    .map(encodeURIComponent)
    .join("/")

/** Which gateway is meant. */
export const urlOf = ({ url }: Pick<Globals, "url">): Effect.Effect<string, Failure, Logins> =>
  Effect.gen(function* () {
    if (Option.isSome(url)) return url.value.replace(/\/mcp$/, "")
    const { current } = yield* Logins
    return Option.getOrElse(yield* current, () => DEFAULT_URL)
  })

/** Milliseconds of life that a token must have left. */
const MARGIN = 30_000

/** The stored sign-in, renewed when it is about to end. */
const stored = (url: string): Effect.Effect<Option.Option<Login>, Failure, Logins> =>
  Effect.gen(function* () {
    const logins = yield* Logins
    const key = gatewayKey(url)
    const isFresh = (login: Login): boolean => login._tag === "session" || login.expires_at - Date.now() > MARGIN
    const login = yield* logins.get(key)
    if (Option.isNone(login)) return login
    yield* guardCredential(url)
    if (isFresh(login.value)) return login
    return yield* logins.alone(
      Effect.gen(function* () {
        // Another process may have been quicker.
        const now = yield* logins.get(key)
        if (Option.isNone(now) || now.value._tag === "session" || isFresh(now.value)) return now
        const renewed = yield* renew(key, now.value)
        yield* logins.put(key, renewed)
        return Option.some(renewed)
      })
    )
  })

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

export const headersOf = (login: Login): Readonly<Record<string, string>> =>
  login._tag === "session" ? { cookie: Redacted.value(login.cookie) } : bearer(Redacted.value(login.access_token))

export type Given = Pick<Globals, "token" | "tokenFile">

/** Headers for that gateway; none when nobody is signed in there. */
export const credential = (url: string, { token, tokenFile }: Given) =>
  Effect.gen(function* () {
    if (Option.isSome(token) || Option.isSome(tokenFile)) yield* guardCredential(url)
    if (Option.isSome(token)) return bearer(Redacted.value(token.value))
    if (Option.isSome(tokenFile)) return bearer(Redacted.value(yield* tokenIn(tokenFile.value)))
    return Option.match(yield* stored(url), { onNone: () => ({}), onSome: headersOf })
  })

/** What is asked and answered, on standard error; never a header, never a body. */
const traced = (http: HttpClient.HttpClient): HttpClient.HttpClient =>
  http.pipe(
    HttpClient.tapRequest(({ method, url }) => Console.error(`> ${method} ${url}`)),
    HttpClient.tap((response) => Console.error(`< ${response.status}`))
  )

/** The client for one gateway with one credential. */
export const httpFor = (url: string, headers: Readonly<Record<string, string>>, verbose: boolean) =>
  Effect.map(HttpClient.HttpClient, (http) =>
    (verbose ? traced(http) : http).pipe(
      HttpClient.mapRequest((request) =>
        request.pipe(
          HttpClientRequest.setHeaders({ accept: "application/json", ...headers }),
          HttpClientRequest.prependUrl(url)
        )
      ),
      // A redirect would carry the credential along.
      HttpClient.transformResponse(Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }))
    )
  )

/** Refusals in the gateway's own words, whichever route they are of. */
const answered = (http: HttpClient.HttpClient, url: string) =>
  HttpClient.transformResponse(http, (sent) =>
    Effect.flatMap(sent, (response) =>
      Effect.gen(function* () {
        if (response.status < 300) return response
        if (response.status < 400)
          return yield* failed(
            `${url} sends elsewhere: ${response.headers["location"] ?? "nowhere"}`,
            "is --url right? A credential is not carried along"
          )
        return yield* refused(response.status, yield* Effect.orElseSucceed(response.json, () => undefined))
      })
    )
  )

const make = (globals: Globals) =>
  Effect.gen(function* () {
    const url = yield* urlOf(globals)
    const headers = yield* credential(url, globals)
    const http = answered(yield* httpFor(url, headers, globals.verbose), url)
    return {
      url,
      json: globals.json,
      verbose: globals.verbose,
      api: yield* clientAt(http, url, ""),
      at: (path) => clientAt(http, url, pathInUrl(path)),
      ask: asking(http, url),
      headers
    } satisfies SessionApi
  })

const asking =
  (http: HttpClient.HttpClient.With<HttpClientError | Failure>, url: string): SessionApi["ask"] =>
  (request, schema) =>
    Effect.gen(function* () {
      const response = yield* http.execute(request)
      return yield* Schema.decodeUnknown(schema)(yield* response.json)
    }).pipe(
      Effect.catchTags({
        RequestError: (error) => notAnswering(url, error),
        ResponseError: ({ message }) => failed(`The answer of ${url} can not be read: ${message}`),
        ParseError: (error) => wrongAnswer(url, error)
      })
    )
