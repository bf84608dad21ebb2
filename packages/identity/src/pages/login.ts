/**
 * Signing in without an application that asks for it: the same page, and the same protections. The form is bound to the browser by a cookie of
 * its own, so that nobody signs another's browser in (login CSRF), and leads to a path of ours alone.
 */
import { cookieValues } from "@mcpgw/auth/Credential"
import * as Effect from "effect/Effect"
import { Accounts, type AccountsUnavailable } from "../Accounts.ts"
import { beginSession } from "../beginSession.ts"
import { USERNAME } from "../internal/accountName.ts"
import { hostCookie, hostCookieName } from "../internal/hostCookie.ts"
import { returnPath } from "../internal/returnPath.ts"
import { loginPage } from "../oauth/pages.ts"
import { LOCAL, type Sessions } from "../Sessions.ts"
import { type Asked, FOREIGN_FORM, isOwnForm, leadTo, personOf, saying, type Told } from "./asked.ts"

type Answer = Effect.Effect<Told, AccountsUnavailable, Accounts | Sessions>

/** How long a form may be looked at before it is sent. */
const FORM_SECONDS = 3_600

const badPath = saying(400, "This can not go on", "return_to may hold a path of this gateway, such as /account.")

/** GET. Who is signed in already goes on. */
export const showLogin = (asked: Asked): Answer =>
  Effect.gen(function* () {
    const returnTo = returnPath(asked.publicUrl, asked.query.get("return_to") ?? "/")
    if (returnTo === undefined) return badPath
    return (yield* personOf(asked)) === undefined ? form(asked, returnTo) : leadTo(returnTo)
  })

/** POST. */
export const passwordLogin = (asked: Asked): Answer =>
  Effect.gen(function* () {
    const { note, publicUrl, remote } = asked
    note.rule = "page:login"
    const returnTo = returnPath(publicUrl, asked.form.get("return_to") ?? "/")
    if (returnTo === undefined) return badPath
    const browser = browserOf(asked)
    if (!isOwnForm(asked) || browser === undefined || asked.form.get("token") !== tokenOf(asked, browser, returnTo)) {
      return form(asked, returnTo, { status: 403, problem: FOREIGN_FORM })
    }
    const username = asked.form.get("username") ?? ""
    note.username = USERNAME.test(username) ? username : undefined
    const wrong = { status: 401, username, problem: "Wrong username or password." }
    const begun = yield* (yield* Accounts).verify(username, asked.form.get("password") ?? "", remote).pipe(
      Effect.flatMap((account) =>
        beginSession({
          account,
          origin: { provider: LOCAL, browser: asked.headers["user-agent"], remote },
          publicUrl,
          cookieHeader: asked.headers["cookie"]
        })
      ),
      Effect.catchTags({
        InvalidCredentials: () => Effect.succeed(wrong),
        AccountDisabled: () => Effect.succeed(wrong),
        TooManyAttempts: ({ retryAfterSeconds }) =>
          Effect.succeed({
            status: 429,
            username,
            retryAfterSeconds,
            problem: `Too many attempts. Try again in ${retryAfterSeconds} seconds.`
          })
      })
    )
    if ("problem" in begun) return form(asked, returnTo, begun)
    note.decision = "allow"
    return leadTo(returnTo, [begun.cookie, formCookie(publicUrl, "", 0)])
  })

interface Trouble {
  readonly status: number
  readonly problem: string
  readonly username?: string
  readonly retryAfterSeconds?: number
}

const form = (asked: Asked, returnTo: string, trouble?: Trouble): Told => {
  const browser = browserOf(asked) ?? Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url")
  const view = {
    action: "/login/password",
    token: tokenOf(asked, browser, returnTo),
    clientName: undefined,
    username: trouble?.username ?? "",
    problem: trouble?.problem,
    links: asked.links,
    returnTo
  }
  return {
    status: trouble?.status ?? 200,
    page: loginPage(view),
    cookies: [formCookie(asked.publicUrl, browser, FORM_SECONDS)],
    ...(trouble?.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: trouble.retryAfterSeconds })
  }
}

const tokenOf = ({ sealing }: Asked, browser: string, returnTo: string): string =>
  sealing.formToken("page-login", browser, returnTo)

const formCookieName = (publicUrl: string): string => hostCookieName(publicUrl, "mcpgw_sign_in")

const formCookie = (publicUrl: string, value: string, seconds: number): string =>
  hostCookie(publicUrl, formCookieName(publicUrl), value, seconds)

/** What the form's cookie says of the browser; undefined when it says nothing, or two things: then one was planted. */
const browserOf = ({ headers, publicUrl }: Asked): string | undefined => {
  const [value, ...others] = cookieValues(headers["cookie"] ?? "", formCookieName(publicUrl))
  return value !== undefined && others.length === 0 && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : undefined
}
