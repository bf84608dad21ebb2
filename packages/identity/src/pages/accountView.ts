/** A person's account as they are shown it, without script. Words only: what a button does is decided elsewhere. */
import type { ApiKey } from "../ApiKeys.ts"
import { type Html, html, page } from "../oauth/html.ts"
import type { Consent } from "../oauth/ConsentStore.ts"
import { LOCAL, type SessionInfo } from "../Sessions.ts"

export interface AccountView {
  readonly username: string
  readonly provider: string
  readonly groups: ReadonlyArray<string>
  /** The newest first. */
  readonly sessions: ReadonlyArray<SessionInfo>
  /** `SessionInfo.id` of the one this is looked at in. */
  readonly current: string
  readonly consents: ReadonlyArray<Consent>
  readonly keys: ReadonlyArray<ApiKey>
  /** Of every form. */
  readonly token: string
  /** What has just been done, or went wrong. */
  readonly done: string | undefined
  readonly problem: string | undefined
}

/** What a button asks for. */
export type Action = "end_session" | "end_others" | "withdraw" | "revoke_key" | "password" | "sign_out"

/** Sessions shown; scripts that sign in leave many. */
const SHOWN = 20

export const accountPage = (view: AccountView): string =>
  page(
    "Your account",
    html`<h1>Your account</h1>
      ${view.done === undefined ? undefined : html`<p class="good" role="status">${view.done}</p>`}
      ${view.problem === undefined ? undefined : html`<p class="bad" role="alert">${view.problem}</p>`}
      <dl>
        <dt>Signed in as</dt>
        <dd>${view.username}${view.provider === LOCAL ? "" : `, by ${view.provider}`}</dd>
        <dt>Groups</dt>
        <dd>${view.groups.length === 0 ? "none" : view.groups.join(", ")}</dd>
      </dl>
      ${button(view, "sign_out", undefined, "Sign out", "quiet")} ${sessions(view)} ${applications(view)} ${keys(view)}
      ${view.provider === LOCAL ? password(view) : undefined}`
  )

const button = (
  { token }: AccountView,
  action: Action,
  id: string | undefined,
  words: string,
  look: "quiet" | "small quiet",
  label = words
): Html =>
  html`<form method="post" action="/account">
    <input type="hidden" name="token" value="${token}" />
    ${id === undefined ? undefined : html`<input type="hidden" name="id" value="${id}" />`}
    <button type="submit" name="action" value="${action}" class="${look}" aria-label="${label}">${words}</button>
  </form>`

/** `at`: epoch milliseconds. */
const time = (at: number): Html => {
  const iso = new Date(at).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time>`
}

const list = (items: ReadonlyArray<Html>, none: string): Html =>
  items.length === 0
    ? html`<p class="soft">${none}</p>`
    : html`<ul>
        ${items.map((item) => html`<li>${item}</li>`)}
      </ul>`

const sessions = (view: AccountView): Html => {
  const { current, sessions } = view
  const shown = sessions.slice(0, SHOWN)
  const more = sessions.length - shown.length
  return html`<h2>Where you are signed in</h2>
    ${list(
      shown.map(({ browser = "An unknown program", createdAt, id, remote }) => {
        const when = createdAt === undefined ? undefined : html`, since ${time(createdAt * 1000)}`
        const where = remote === undefined ? "" : `, at ${remote}`
        return html`${browser}${where}${when}
        ${
          id === current
            ? html`<strong>(here)</strong>`
            : button(view, "end_session", id, "End", "small quiet", `End: ${browser}${where}`)
        }`
      }),
      ""
    )}
    ${more > 0 ? html`<p class="soft">and ${more} older ones</p>` : undefined}
    ${sessions.length > 1 ? button(view, "end_others", undefined, "End all but this one", "quiet") : undefined}`
}

const applications = (view: AccountView): Html =>
  html`<h2>Applications you have allowed</h2>
    ${list(
      view.consents.map(
        ({ clientName, id, redirect, resource, usedAt }) =>
          html`<strong>${clientName}</strong> (${redirect}), for ${resource}, last used ${time(usedAt * 1000)}
            ${button(view, "withdraw", id, "Take back", "small quiet", `Take back: ${clientName}, for ${resource}`)}`
      ),
      "None. An application that wants to use this gateway as you asks you first."
    )}`

const keys = (view: AccountView): Html =>
  html`<h2>API keys</h2>
    ${list(
      view.keys.map(({ expiresAt, id, lastUsedAt, name, prefix }) => {
        const used = lastUsedAt === undefined ? html`never used` : html`last used ${time(lastUsedAt)}`
        const end = expiresAt === undefined ? undefined : html`, ends ${time(expiresAt)}`
        return html`<strong>${name}</strong> (${prefix}…), ${used}${end}
          ${button(view, "revoke_key", id, "Revoke", "small quiet", `Revoke: ${name}`)}`
      }),
      "None. A key is for a client that can not ask you; /openapi.json says how one is made."
    )}`

const password = ({ token, username }: AccountView): Html =>
  html`<h2>Password</h2>
    <form method="post" action="/account">
      <input type="hidden" name="token" value="${token}" />
      <input type="hidden" name="username" autocomplete="username" value="${username}" />
      <label for="old">The password you have</label>
      <input id="old" name="old" type="password" autocomplete="current-password" required />
      <label for="new">A new one, of at least 12 characters</label>
      <input id="new" name="new" type="password" autocomplete="new-password" required />
      <button type="submit" name="action" value="password">Change the password</button>
    </form>
    <p class="soft">Your other sessions end by it, and applications have to ask you again.</p>`

export interface SignedOutView {
  /** Where one is signed in still; undefined: nowhere that is known. */
  readonly provider: { readonly name: string; readonly url: string } | undefined
}

export const signedOutPage = ({ provider }: SignedOutView): string =>
  page(
    "Signed out",
    html`<h1>Signed out</h1>
      ${
        provider === undefined
          ? undefined
          : html`<p>You are still signed in at ${provider.name}, and could come back here without a password.</p>
              <a class="button" href="${provider.url}">Sign out at ${provider.name} too</a>`
      }
      <a class="button" href="/login?return_to=%2Faccount">Sign in again</a>`
  )
