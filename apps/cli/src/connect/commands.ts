/** `mcpgw login | logout | whoami`. Passwords come from standard input or a question, never from the command line. */
import * as Command from "@effect/cli/Command"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Options from "@effect/cli/Options"
import { Me } from "@mcpgw/api/Auth"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { denied, failed, notAnswering, refused, usage } from "../Failure.ts"
import { about } from "../help.ts"
import { pairs, plain, show } from "../show/table.ts"
import { type Login, Logins } from "./Logins.ts"
import { TRUST } from "../certificate.ts"
import { gatewayKey, loginWithBrowser, loginWithDevice, revoke } from "./oauth.ts"
import { globals, type Globals } from "./options.ts"
import { passwordOf } from "./password.ts"
import { guardCredential } from "./plainHttp.ts"
import { headersOf, httpFor, Session, urlOf } from "./Session.ts"

/** Begins a browser's session with a password. */
const loginWithPassword = (url: string, username: string, stdin: boolean, verbose: boolean) =>
  Effect.gen(function* () {
    const password = yield* passwordOf(username, stdin)
    const http = yield* httpFor(url, {}, verbose)
    const request = HttpClientRequest.bodyUrlParams(HttpClientRequest.post("/api/auth/login"), {
      username,
      password: Redacted.value(password)
    })
    const response = yield* Effect.mapError(http.execute(request), (error) => notAnswering(url, error))
    if (response.status !== 200) {
      const said = refused(response.status, yield* Effect.orElseSucceed(response.json, () => undefined))
      return yield* response.status === 401 ? denied(said.problem, "is the password right?") : said
    }
    const cookie = (response.headers["set-cookie"] ?? "").split(";")[0] ?? ""
    if (cookie === "") return yield* failed(`${url} began no session`, "is it an mcpgw gateway?")
    return { _tag: "session", username, cookie: Redacted.make(cookie) } satisfies Login
  })

/** Who that is, at the gateway. */
const me = (url: string, login: Login, verbose: boolean) =>
  Effect.gen(function* () {
    const http = yield* httpFor(url, headersOf(login), verbose)
    const response = yield* http.get("/api/auth/me")
    const body = yield* response.json
    return response.status === 200 ? yield* Schema.decodeUnknown(Me)(body) : yield* refused(response.status, body)
  })

const device = Options.boolean("device").pipe(
  Options.withDescription("Without a browser here: prints a code to enter on any other device.")
)
const noBrowser = Options.boolean("no-browser").pipe(Options.withDescription("Print the address, and do not open it."))
const username = Options.text("username").pipe(
  Options.withAlias("u"),
  Options.optional,
  Options.withPseudoName("NAME"),
  Options.withDescription(
    "Sign in with a password instead: it is asked for, or comes by --password-stdin. Only such a session makes tokens, keys and secrets, users and agents, and changes groups."
  )
)
const passwordStdin = Options.boolean("password-stdin").pipe(
  Options.withDescription("Read the password from standard input.")
)

interface LoginWords extends Globals {
  readonly device: boolean
  readonly noBrowser: boolean
  readonly username: Option.Option<string>
  readonly passwordStdin: boolean
}

const signIn = (url: string, { device, noBrowser, passwordStdin, username, verbose }: LoginWords) => {
  if (Option.isSome(username)) return loginWithPassword(url, username.value, passwordStdin, verbose)
  return device ? loginWithDevice(url) : loginWithBrowser(url, !noBrowser)
}

const login = Command.make("login", { device, noBrowser, username, passwordStdin, ...globals }, (args) =>
  Effect.gen(function* () {
    if (Option.isSome(args.username) && (args.device || args.noBrowser))
      return yield* usage("--username signs in with a password; --device and --no-browser belong to the other way")
    if (args.passwordStdin && Option.isNone(args.username))
      return yield* usage("--password-stdin needs --username NAME")
    // What one is signed in to now does not say where to sign in next, unless nothing else does.
    const url = gatewayKey(yield* urlOf(args))
    yield* guardCredential(url)
    const made = yield* signIn(url, args)
    const who = yield* me(url, made, args.verbose)
    yield* (yield* Logins).put(url, made)
    yield* show(args.json, { url, ...who }, () => `Signed in to ${url} as ${plain(who.username)}.`)
  })
).pipe(
  Command.withDescription(
    about(
      `Sign in to a gateway: with your browser, a code for another device, or a password. ${TRUST}, for every command.`,
      "login --url https://gateway.example.org",
      "login --device",
      "login --username admin"
    )
  )
)

const endSession = (url: string, login: Login) =>
  Effect.gen(function* () {
    const http = yield* httpFor(url, headersOf(login), false)
    yield* http.execute(HttpClientRequest.post("/api/auth/logout"))
  })

/** Ends it at the gateway too; that it can not be reached is told and does not keep the credential here. */
const endAt = (url: string, login: Login) =>
  Effect.gen(function* () {
    yield* guardCredential(url)
    if (login._tag === "oauth") yield* revoke(url, login)
    else yield* endSession(url, login)
  }).pipe(
    Effect.catchAll(() =>
      Console.error(`warning: ${url} could not be told; what it gave ends by itself, or by what /account offers there`)
    )
  )

const logout = Command.make("logout", globals, (args) =>
  Effect.gen(function* () {
    const logins = yield* Logins
    const url = gatewayKey(yield* urlOf(args))
    const held = yield* logins.get(url)
    if (Option.isNone(held)) return yield* show(args.json, { url, ended: false }, () => `Not signed in to ${url}.`)
    yield* endAt(url, held.value)
    yield* logins.remove(url)
    yield* show(args.json, { url, ended: true }, () => `Signed out of ${url}.`)
  })
).pipe(Command.withDescription(about("End the sign-in, here and at the gateway.", "logout")))

const whoami = Command.make("whoami", globals, ({ json }) =>
  Effect.gen(function* () {
    const { api, url } = yield* Session
    const who = yield* api.auth.me({})
    yield* show(json, { url, ...who }, () =>
      pairs([
        ["gateway", url],
        ["name", who.username],
        ["signed in by", who.auth_method],
        ["provider", who.provider],
        ["groups", who.groups],
        ["scopes", who.scopes],
        ["administrator", who.is_admin],
        ["may change servers", who.can_modify_servers]
      ])
    )
  })
).pipe(
  Command.withDescription(about("Say who you are at the gateway, and what you may do.", "whoami")),
  Command.provide((args) => Session.layer(args))
)

export const connectCommands = [login, logout, whoami] as const
