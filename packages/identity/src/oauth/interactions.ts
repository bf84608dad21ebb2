/**
 * Signing in and consenting, between an authorization request and its answer. Every step is bound to the browser by the provider's cookie of
 * this very interaction, every form by a token made for it and the person (S-03, login CSRF). Never sends a browser anywhere but to the
 * provider's own addresses.
 */
import * as Effect from "effect/Effect"
import type Provider from "oidc-provider"
import type { InteractionResults, KoaContextWithOIDC } from "oidc-provider"
import type { Account, AccountsApi } from "../Accounts.ts"
import { beginSession } from "../beginSession.ts"
import { USERNAME } from "../internal/accountName.ts"
import { clearCookies, sessionValues } from "../SessionCookie.ts"
import { LOCAL, Sessions, type SessionsApi } from "../Sessions.ts"
import type { SignInLink } from "../SignInLinks.ts"
import { shownName } from "./clientName.ts"
import { type ConsentParts, consentKey, fillGrant } from "./consentMemory.ts"
import { type Asked, askedBy, blockedView, consentView } from "./consentView.ts"
import { formOf } from "./forms.ts"
import { pageHeaders } from "./html.ts"
import type { KnownClients } from "./knownClients.ts"
import { type Note, noteOf } from "./notes.ts"
import { blockedPage, consentPage, errorPage, loginPage } from "./pages.ts"
import type { Person } from "./people.ts"
import { formActionSource } from "./redirects.ts"
import type { Sealing } from "./sealing.ts"

export interface InteractionParts extends ConsentParts {
  readonly provider: Provider
  readonly publicUrl: string
  readonly accounts: AccountsApi
  readonly sessions: SessionsApi
  readonly known: KnownClients
  readonly sealing: Sealing
  readonly links: () => ReadonlyArray<SignInLink>
}

type Context = KoaContextWithOIDC
export type Details = Awaited<ReturnType<Provider["interactionDetails"]>>

/** One request about one interaction. */
interface Step {
  readonly parts: InteractionParts
  readonly ctx: Context
  readonly details: Details
  readonly person: Person | undefined
  readonly note: Note
}

const PATH = /^\/oauth\/interaction\/([A-Za-z0-9_-]{10,100})(\/login|\/consent)?$/

/** Middleware: answers the interaction's addresses, and passes on all else. */
export const makeInteractions =
  (parts: InteractionParts) =>
  async (ctx: Context, next: () => Promise<unknown>): Promise<void> => {
    const [, uid, action] = PATH.exec(ctx.path) ?? []
    if (uid === undefined) return void (await next())
    const details = await detailsOf(parts, ctx, uid)
    if (details === undefined) return show(ctx, 400, errorPage("session_not_found", undefined))
    const person = await parts.people.person(ctx.get("cookie"))
    const step = { parts, ctx, details, person, note: noteOf(ctx) }
    if (ctx.method === "GET" && action === undefined) return void (await begin(step))
    if (ctx.method === "POST" && action === "/login") return void (await signIn(step))
    if (ctx.method === "POST" && action === "/consent") return void (await decide(step))
    ctx.set("allow", action === undefined ? "GET" : "POST")
    return show(ctx, 405, errorPage("invalid_request", "this address is not asked that way"))
  }

/** Undefined: over, or of another browser. */
const detailsOf = async ({ provider }: InteractionParts, ctx: Context, uid: string): Promise<Details | undefined> => {
  try {
    const details = await provider.interactionDetails(ctx.req, ctx.res)
    return details.uid === uid ? details : undefined
  } catch {
    return undefined
  }
}

const show = (ctx: Context, status: number, page: string, targets: ReadonlyArray<string> = []): void => {
  ctx.status = status
  ctx.type = "html"
  ctx.set({ ...pageHeaders(targets) })
  ctx.body = page
}

/** Forms of this interaction may end at the client's redirect URI. */
const showStep = ({ ctx, details }: Step, status: number, page: string): void => {
  const uri = details.params["redirect_uri"]
  show(ctx, status, page, typeof uri === "string" ? [formActionSource(uri)] : [])
}

const finish = async ({ parts, ctx }: Step, result: InteractionResults): Promise<void> => {
  const options = { mergeWithLastSubmission: result.error === undefined }
  ctx.status = 303
  ctx.redirect(await parts.provider.interactionResult(ctx.req, ctx.res, result, options))
}

/** The request anew, for whoever the browser is now. */
const restart = ({ ctx, details }: Step): void => {
  if (details.deviceCode !== undefined) return show(ctx, 400, errorPage("session_not_found", undefined))
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(details.params)) {
    for (const one of Array.isArray(value) ? value : [value]) if (typeof one === "string") query.append(name, one)
  }
  const prompts = (query.get("prompt") ?? "").split(" ").filter((prompt) => prompt !== "" && prompt !== "login")
  if (prompts.length === 0) query.delete("prompt")
  else query.set("prompt", prompts.join(" "))
  ctx.status = 303
  ctx.redirect(`/oauth/authorize?${query.toString()}`)
}

/** The client wants the person to prove anew who they are. */
const FORCES_LOGIN: ReadonlyArray<string> = ["login_prompt", "max_age"]

const begin = async (step: Step): Promise<void> => {
  const { details, person } = step
  if (details.prompt.name === "login") {
    const forced = details.prompt.reasons.some((reason) => FORCES_LOGIN.includes(reason))
    // Whoever has come back from an identity provider since has done so. The interaction says its beginning in whole seconds.
    const isOld = person === undefined || (forced && person.signedInAt < (details.iat ?? Infinity) + 1)
    return isOld ? showLogin(step, 200, "", undefined) : finish(step, loginOf(person))
  }
  if (person === undefined || person.account.username !== details.session?.accountId) return restart(step)
  return showConsent(step, person)
}

const loginOf = ({ account }: Pick<Person, "account">): InteractionResults => ({
  login: { accountId: account.username, remember: true }
})

const loginToken = ({ parts, details }: Step): string => parts.sealing.formToken("login", details.uid)

const showLogin = async (step: Step, status: number, username: string, problem: string | undefined): Promise<void> => {
  const { parts, details } = step
  const client = await parts.provider.Client.find(String(details.params["client_id"]))
  const path = `/oauth/interaction/${details.uid}`
  const view = {
    action: `${path}/login`,
    token: loginToken(step),
    clientName: client === undefined ? "A program" : shownName(client),
    username,
    problem,
    links: parts.links(),
    returnTo: path
  }
  showStep(step, status, loginPage(view))
}

const signIn = async (step: Step): Promise<void> => {
  const { parts, ctx, details, note } = step
  note.rule = "oauth:login"
  const form = await formOf(ctx.req)
  if (form.get("token") !== loginToken(step)) return showLogin(step, 403, "", "The form was not from here. Try again.")
  const username = form.get("username") ?? ""
  note.username = USERNAME.test(username) ? username : undefined
  const outcome = await parts.run(Effect.either(parts.accounts.verify(username, form.get("password") ?? "", ctx.ip)))
  if (outcome._tag === "Left") {
    const failure = outcome.left
    if (failure._tag === "InvalidCredentials") return showLogin(step, 401, username, "Wrong username or password.")
    if (failure._tag === "AccountsUnavailable") throw failure
    ctx.set("retry-after", String(failure.retryAfterSeconds))
    return showLogin(step, 429, username, `Too many attempts. Try again in ${failure.retryAfterSeconds} seconds.`)
  }
  const account = await parts.people.account(outcome.right.username)
  if (account === undefined) return showLogin(step, 401, username, "Wrong username or password.")
  note.decision = "allow"
  ctx.append("set-cookie", await begun(step, account))
  const before = details.session?.accountId
  // The provider's session is another person's: it is left behind, not taken over.
  return before !== undefined && before !== account.username ? restart(step) : finish(step, loginOf({ account }))
}

/** A new session, never one the browser came with; its cookie. */
const begun = async ({ parts, ctx }: Step, account: Account): Promise<string> => {
  const beginning = beginSession({
    account,
    origin: { provider: LOCAL, browser: ctx.get("user-agent"), remote: ctx.ip },
    publicUrl: parts.publicUrl,
    cookieHeader: ctx.get("cookie")
  })
  return (await parts.run(Effect.provideService(beginning, Sessions, parts.sessions))).cookie
}

const consentToken = ({ parts, details }: Step, person: Person): string =>
  parts.sealing.formToken("consent", details.uid, person.session, String(details.params["client_id"]))

const showConsent = async (step: Step, person: Person): Promise<void> => {
  const { parts, details } = step
  const asked = await askedBy(parts, details, person)
  const form = { action: `/oauth/interaction/${details.uid}/consent`, token: consentToken(step, person) }
  if (asked === undefined) return show(step.ctx, 400, errorPage("invalid_client", undefined))
  const blocked = blockedView(asked, person)
  showStep(
    step,
    200,
    blocked === undefined
      ? consentPage({ ...form, ...consentView(asked, person) })
      : blockedPage({ ...form, ...blocked })
  )
}

const decide = async (step: Step): Promise<void> => {
  const { parts, ctx, details, person, note } = step
  note.rule = "oauth:consent"
  if (person === undefined || person.account.username !== details.session?.accountId) return restart(step)
  note.username = person.account.username
  const form = await formOf(ctx.req)
  if (form.get("token") !== consentToken(step, person)) {
    return show(ctx, 403, errorPage("invalid_request", "the form was not from here"))
  }
  const asked = await askedBy(parts, details, person)
  if (asked === undefined) return show(ctx, 400, errorPage("invalid_client", undefined))
  note.clientId = asked.clientId
  note.server = asked.path
  const decision = form.get("decision")
  if (decision === "switch") return leave(step)
  if (decision === "allow" && blockedView(asked, person) === undefined) {
    note.decision = "allow"
    return agree(step, person, asked)
  }
  note.decision = "deny"
  return finish(step, { error: "access_denied", error_description: "The person did not allow it" })
}

const agree = async (step: Step, person: Person, asked: Asked): Promise<void> => {
  const { parts, details } = step
  const { username } = person.account
  const grant = new parts.provider.Grant({ accountId: username, clientId: asked.clientId })
  fillGrant(grant, asked.resource, asked.scopes, details.params["scope"])
  const grantId = await grant.save()
  const key = consentKey(username, asked.clientId, asked.resource, details.params)
  await parts.run(parts.store.agree(key, asked.clientName, asked.scopes, parts.now()))
  return finish(step, { consent: { grantId } })
}

/** Signs out, and asks who it is. */
const leave = async (step: Step): Promise<void> => {
  const { parts, ctx } = step
  for (const value of sessionValues(ctx.get("cookie"))) await parts.run(parts.sessions.end(value))
  for (const cookie of clearCookies(parts.publicUrl)) ctx.append("set-cookie", cookie)
  return restart(step)
}
