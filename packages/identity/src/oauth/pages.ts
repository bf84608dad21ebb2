/** The pages of signing in, consenting and device codes. Words only: what may be done is decided elsewhere. */
import type { SignInLink } from "../SignInLinks.ts"
import { html, type Html, page } from "./html.ts"

const problem = (text: string | undefined): Html | undefined =>
  text === undefined ? undefined : html`<p class="bad" role="alert">${text}</p>`

export interface LoginView {
  readonly action: string
  readonly token: string
  /** Who sent the person here; undefined: nobody, they came by themselves. */
  readonly clientName: string | undefined
  readonly username: string
  readonly problem: string | undefined
  readonly links: ReadonlyArray<SignInLink>
  readonly returnTo: string
}

const FOCUS = html`autofocus`

export const loginPage = (view: LoginView): string =>
  page(
    "Sign in",
    html`<h1>Sign in</h1>
      <p>
        ${
          view.clientName === undefined
            ? "Sign in to this MCP gateway with your account here."
            : `${view.clientName} wants to use this gateway as you. Sign in to see what it asks for.`
        }
      </p>
      ${problem(view.problem)}
      <form method="post" action="${view.action}">
        <input type="hidden" name="token" value="${view.token}" />
        <input type="hidden" name="return_to" value="${view.returnTo}" />
        <label for="username">Username</label>
        <input
          id="username"
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
          value="${view.username}"
          ${view.username === "" ? FOCUS : undefined}
        />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          ${view.username === "" ? undefined : FOCUS}
        />
        <button type="submit">Sign in</button>
      </form>
      ${view.links.map(({ title, path }) => {
        const href = `${path}?return_to=${encodeURIComponent(view.returnTo)}`
        return html`<a class="button" href="${href}">Sign in with ${title}</a>`
      })}`
  )

export interface ConsentView {
  readonly action: string
  readonly token: string
  readonly clientName: string
  /** Who vouches for the client; undefined: the client said its name itself. */
  readonly verifiedBy: string | undefined
  readonly redirect: string
  /** Undefined: the whole gateway. */
  readonly server: string | undefined
  /** Names of scopes a narrowed token gets; undefined: all the person may do there. */
  readonly scopes: ReadonlyArray<string> | undefined
  readonly username: string
}

const redirectWords = (redirect: string): string => {
  if (redirect === "this computer") return "A program on this computer. Allow it only if you have just started it."
  if (redirect === "device") return "The device whose code you entered"
  return redirect.endsWith(":") ? `The application that opens ${redirect}// links on this computer` : redirect
}

const mayWords = ({ scopes, server }: ConsentView): string => {
  if (scopes !== undefined) return `Use it with these of your rights only: ${scopes.join(", ")}`
  return server === undefined
    ? "Use every server of this gateway, and the gateway's own API, as you: all that you may do yourself"
    : "Use this server as you: all that you may do there yourself"
}

export const consentPage = (view: ConsentView): string =>
  page(
    "Allow access",
    html`<h1>Allow ${view.clientName} to use ${view.server ?? "the whole gateway"}?</h1>
      <dl>
        <dt>Who asks</dt>
        <dd>
          ${view.clientName},
          ${
            view.verifiedBy === undefined
              ? "not verified: it said this name itself"
              : html`verified: described by <strong>${view.verifiedBy}</strong>`
          }
        </dd>
        <dt>Where the answer goes</dt>
        <dd>${redirectWords(view.redirect)}</dd>
        <dt>Server</dt>
        <dd>${view.server ?? "All servers of this gateway"}</dd>
        <dt>What it may do</dt>
        <dd>${mayWords(view)}</dd>
        <dt>As</dt>
        <dd>${view.username}</dd>
      </dl>
      <form method="post" action="${view.action}">
        <input type="hidden" name="token" value="${view.token}" />
        <button type="submit" name="decision" value="allow">Allow</button>
        <button type="submit" name="decision" value="deny" class="quiet">Deny</button>
        <button type="submit" name="decision" value="switch" class="quiet">Sign in as someone else</button>
      </form>
      <p class="soft">You can take this back at any time.</p>`
  )

/** For who has allowed this before: no program can be told from another that says the same of itself. */
export const reconnectPage = (view: ConsentView): string =>
  page(
    "Connect again",
    html`<h1>Connect ${view.clientName} again?</h1>
      <p>A program asks once more for what you, ${view.username}, have allowed ${view.clientName} before.</p>
      <dl>
        <dt>Where the answer goes</dt>
        <dd>${redirectWords(view.redirect)}</dd>
        <dt>Server</dt>
        <dd>${view.server ?? "All servers of this gateway"}</dd>
      </dl>
      <form method="post" action="${view.action}">
        <input type="hidden" name="token" value="${view.token}" />
        <button type="submit" name="decision" value="allow">Continue</button>
        <button type="submit" name="decision" value="deny" class="quiet">Not me</button>
      </form>`
  )

export interface BlockedView extends Pick<ConsentView, "action" | "token" | "clientName" | "username"> {
  readonly words: string
}

/** There is nothing to allow: the person has no right there. */
export const blockedPage = (view: BlockedView): string =>
  page(
    "No access",
    html`<h1>Nothing to allow</h1>
      <p>${view.clientName} can not be connected as you, ${view.username}.</p>
      <p>${view.words}</p>
      <form method="post" action="${view.action}">
        <input type="hidden" name="token" value="${view.token}" />
        <button type="submit" name="decision" value="deny">Go back</button>
        <button type="submit" name="decision" value="switch" class="quiet">Sign in as someone else</button>
      </form>`
  )

const WORDS: Readonly<Record<string, string>> = {
  invalid_client: "The program that sent you here is not known, or what describes it can not be read.",
  invalid_redirect_uri: "The program that sent you here wants the answer to go to an address it did not register.",
  invalid_request: "The program that sent you here asked in a way that is not understood.",
  server_error: "Something failed here; the log of the gateway says what."
}

/** Where the person can not be sent back to the client. */
export const errorPage = (error: string, description: string | undefined): string =>
  error === "session_not_found" ? overPage() : refusedPage(error, description)

/** Also what is found on the way back in a browser's history, when all has gone well. */
const overPage = (): string =>
  page(
    "Nothing to do here",
    html`<h1>This sign-in is over</h1>
      <p>If you have just allowed or refused it, that was heard, and you can close this page.</p>
      <p>Otherwise it has expired or was begun in another browser: go back to your program and connect again.</p>`
  )

const refusedPage = (error: string, description: string | undefined): string =>
  page(
    "Can not go on",
    html`<h1>This can not go on</h1>
      <p>${WORDS[error] ?? "The request was refused."}</p>
      <p>Go back to your program and connect again.</p>
      <p class="soft">${error}${description === undefined || error === "server_error" ? "" : `: ${description}`}</p>`
  )

/** `secret`: the provider's proof that the form came from here. */
export const userCodePage = (secret: string, code: string, wrong: string | undefined): string =>
  page(
    "Connect a device",
    html`<h1>Connect a device</h1>
      <p>Enter the code that the device or program shows. Never enter one that someone sent you.</p>
      ${problem(wrong)}
      <form method="post" action="/oauth/device">
        <input type="hidden" name="xsrf" value="${secret}" />
        <label for="user_code">Code</label>
        <input
          id="user_code"
          name="user_code"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          required
          autofocus
          value="${code}"
        />
        <button type="submit">Go on</button>
      </form>`
  )

export const confirmPage = (secret: string, clientName: string, where: string, code: string): string =>
  page(
    "Connect a device",
    html`<h1>Is this your device?</h1>
      <p>${clientName}, started at ${where}, shows this code:</p>
      <p><code>${code}</code></p>
      <p>Go on only if you started it and it shows this very code.</p>
      <form method="post" action="/oauth/device">
        <input type="hidden" name="xsrf" value="${secret}" />
        <input type="hidden" name="user_code" value="${code}" />
        <button type="submit" name="confirm" value="yes">Yes, go on</button>
        <button type="submit" name="abort" value="yes" class="quiet">No, stop</button>
      </form>`
  )

/** Signing in at an identity provider came to nothing. `again` and `back`: paths of ours. */
export const signInFailedPage = (sentence: string, again: string | undefined, back: string): string =>
  page(
    "Sign-in failed",
    html`<h1>Sign-in failed</h1>
      <p class="bad" role="alert">${sentence}.</p>
      ${again === undefined ? undefined : html`<a class="button" href="${again}">Try again</a>`}
      <a class="button" href="${back}">Sign in another way</a>`
  )

export const donePage = (): string =>
  page(
    "Connected",
    html`<h1>Connected</h1>
      <p>You can close this page and go back to your device.</p>`
  )
