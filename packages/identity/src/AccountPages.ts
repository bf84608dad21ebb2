/**
 * **AccountPages** — pages for people, plain and without script: signing in where no application asks for it (`/login`), and one's own account
 * (`/account`). Never rejects, is framed nowhere, and changes nothing but by a form of its own.
 */
import { KeyRing } from "@mcpgw/domain/KeyRing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Accounts } from "./Accounts.ts"
import type { ApiKeys } from "./ApiKeys.ts"
import type { AuthorizationServer } from "./AuthorizationServer.ts"
import { boundedText } from "./oauth/boundedText.ts"
import { makeNote, type Note } from "./oauth/notes.ts"
import { Sealing } from "./oauth/sealing.ts"
import { changeAccount, showAccount } from "./pages/account.ts"
import { type Asked, respond, saying, type Told } from "./pages/asked.ts"
import { passwordLogin, showLogin } from "./pages/login.ts"
import type { ProviderLogout } from "./ProviderLogout.ts"
import type { Sessions } from "./Sessions.ts"
import { SignInLinks } from "./SignInLinks.ts"

export interface AccountPagesApi {
  /** Answers a request on one of its paths (`servesPages`). `remote`: the caller's address; `noted`: for the audit row. */
  readonly handle: (
    request: Request,
    from: { readonly remote: string; readonly noted: (note: Note) => void }
  ) => Effect.Effect<Response>
}

type Needs = Accounts | ApiKeys | AuthorizationServer | KeyRing | ProviderLogout | Sessions

export class AccountPages extends Context.Tag("@mcpgw/identity/AccountPages")<AccountPages, AccountPagesApi>() {
  static layer(options: { readonly publicUrl: string }): Layer.Layer<AccountPages, never, Needs> {
    return Layer.effect(AccountPages, make(options.publicUrl))
  }
}

type Page = (asked: Asked) => ReturnType<typeof changeAccount>

/** What answers each method; `HEAD` as `GET`. */
const PAGES: Readonly<Record<string, { readonly GET?: Page; readonly POST?: Page }>> = {
  "/login": { GET: showLogin },
  "/login/password": { POST: passwordLogin },
  "/account": { GET: showAccount, POST: changeAccount }
}

const READS: ReadonlySet<string> = new Set(["GET", "HEAD"])

/** Is it one of these pages? A name and password posted to `/login` itself are the replaced system's spelling of `/api/auth/login`. */
export const servesPages = (method: string, pathname: string): boolean =>
  Object.hasOwn(PAGES, pathname) && (pathname !== "/login" || READS.has(method))

/** Longest form, in bytes: no field of ours needs more. */
const MAX_FORM = 16_384
/** In milliseconds. */
const READ_WITHIN = 10_000

const make = (publicUrl: string): Effect.Effect<AccountPagesApi, never, Needs> =>
  Effect.gen(function* () {
    const services = yield* Effect.context<Needs>()
    const links = yield* SignInLinks
    const sealing = new Sealing(yield* KeyRing)
    return {
      handle: (request, { noted, remote }) =>
        Effect.gen(function* () {
          const { pathname, searchParams: query } = new URL(request.url)
          const note = makeNote(`page:${pathname.slice(1)}`)
          const headers = Object.fromEntries(request.headers)
          const read = READS.has(request.method)
          const form = read ? new URLSearchParams() : yield* formOf(request)
          const answer = answerOf(pathname, request.method)
          const asked = { publicUrl, sealing, links: links(), query, headers, remote, note }
          const told =
            answer === undefined
              ? notThatWay(pathname)
              : form === undefined
                ? tooLong
                : yield* settled(answer({ ...asked, form }))
          noted(note)
          return respond(request.method, told)
        }).pipe(Effect.mapInputContext((_: Context.Context<never>) => services))
    }
  })

const answerOf = (pathname: string, method: string): Page | undefined => {
  const { GET, POST } = PAGES[pathname] ?? {}
  return READS.has(method) ? GET : method === "POST" ? POST : undefined
}

/** Undefined: longer than any of ours, or not to be read. */
const formOf = (request: Request): Effect.Effect<URLSearchParams | undefined> =>
  Effect.map(
    Effect.promise(() => boundedText(request, MAX_FORM, READ_WITHIN)),
    (read) => (typeof read === "string" ? undefined : new URLSearchParams(read.text))
  )

const tooLong = saying(413, "This can not go on", "The form is longer than any of ours, or did not come whole.")
const unavailable = saying(503, "Not now", "Accounts can not be reached at the moment. Try again in a moment.")

const notThatWay = (pathname: string): Told => ({
  ...saying(405, "This can not go on", "This address is not asked that way."),
  allow: Object.keys(PAGES[pathname] ?? {}).join(", ")
})

const settled = <R>(answer: Effect.Effect<Told, unknown, R>): Effect.Effect<Told, never, R> =>
  Effect.catchAllCause(answer, (cause) => Effect.as(Effect.logError("A page could not be shown", cause), unavailable))
