/** One request for a page of ours, what it is answered with, and who the browser is. Judges nothing but where a form came from. */
import type { Claims } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import { type AccountDetails, Accounts, type AccountsUnavailable } from "../Accounts.ts"
import { html, page, pageHeaders } from "../oauth/html.ts"
import type { Note } from "../oauth/notes.ts"
import type { Sealing } from "../oauth/sealing.ts"
import { presentedSession } from "../SessionCookie.ts"
import { Sessions } from "../Sessions.ts"
import type { SignInLink } from "../SignInLinks.ts"

export interface Asked {
  readonly publicUrl: string
  readonly sealing: Sealing
  readonly links: ReadonlyArray<SignInLink>
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty unless it was posted. */
  readonly form: URLSearchParams
  /** Address of the caller. */
  readonly remote: string
  /** For the audit row. */
  readonly note: Note
}

export interface Told {
  readonly status: number
  /** Undefined: a redirect. */
  readonly page?: string
  readonly location?: string
  /** `Set-Cookie` values. */
  readonly cookies?: ReadonlyArray<string>
  readonly retryAfterSeconds?: number
  /** Methods that are answered here. */
  readonly allow?: string
}

export const leadTo = (location: string, cookies: ReadonlyArray<string> = []): Told => ({
  status: 303,
  location,
  cookies
})

export const respond = (method: string, told: Told): Response => {
  const { allow, cookies = [], location, page, retryAfterSeconds, status } = told
  const headers = new Headers(pageHeaders())
  if (allow !== undefined) headers.set("allow", allow)
  for (const cookie of cookies) headers.append("set-cookie", cookie)
  if (retryAfterSeconds !== undefined) headers.set("retry-after", String(retryAfterSeconds))
  if (location !== undefined) headers.set("location", location)
  if (page === undefined) return new Response(null, { status, headers })
  headers.set("content-type", "text/html; charset=utf-8")
  return new Response(method === "HEAD" ? null : page, { status, headers })
}

/** A page that says one thing. */
export const saying = (status: number, title: string, sentence: string): Told => ({
  status,
  page: page(
    title,
    html`<h1>${title}</h1>
      <p role="alert">${sentence}</p>
      <a class="button" href="/account">Go to your account</a>`
  )
})

export const FOREIGN_FORM = "The form was not from here. Try again."

/**
 * Was the form sent by a page of ours? A browser says where a form comes from, and no page can keep it from doing so; what says nothing is no
 * browser. The token of each form is asked for besides.
 */
export const isOwnForm = ({ headers, publicUrl }: Asked): boolean => {
  const { origin, "sec-fetch-site": site } = headers
  return (
    (origin === undefined || origin === new URL(publicUrl).origin) && (site === undefined || site === "same-origin")
  )
}

export interface Person {
  readonly account: AccountDetails
  readonly claims: Claims
  /** Digest of the session. */
  readonly session: string
}

/** Of the living session the request came with; undefined also when the account is gone or disabled. */
export const personOf = ({
  headers,
  publicUrl
}: Asked): Effect.Effect<Person | undefined, AccountsUnavailable, Accounts | Sessions> =>
  Effect.gen(function* () {
    const value = presentedSession(publicUrl, headers)
    const claims = value === undefined ? undefined : yield* (yield* Sessions).find(value)
    const account = claims === undefined ? undefined : yield* (yield* Accounts).get(claims.username)
    if (claims === undefined || account === undefined || account.disabled) return undefined
    return { account, claims, session: claims.tokenId ?? "" }
  })
