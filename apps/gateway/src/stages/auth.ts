/** auth: a presented credential → Principal, or 401 with a challenge. A fallback never produces a principal (design.md §6). */
import type { AuthBusy, AuthUnavailable, Unauthenticated } from "@mcpgw/auth/AuthError"
import { presented } from "@mcpgw/auth/Credential"
import { seenAs } from "@mcpgw/auth/LocalNames"
import { metadataUrl, routeOf } from "@mcpgw/auth/ProtectedResource"
import { refusal as unauthenticatedBecause } from "@mcpgw/auth/Admission"
import type { Claims, Principal } from "@mcpgw/domain/Principal"
import { X_AUTHORIZATION } from "@mcpgw/mcp/HeaderNames"
import { cookieNames } from "@mcpgw/identity/SessionCookie"
import type { Pipeline } from "../pipeline.ts"
import {
  authBusy,
  authUnavailable,
  foreignCredential,
  foreignOrigin,
  type Refusal,
  tokenInQuery,
  unauthenticated
} from "../refusals.ts"
import type { RequestContext } from "../RequestContext.ts"

export interface Caller {
  readonly outcome: Claims | NotProven
}

type NotProven = Unauthenticated | AuthUnavailable | AuthBusy

export interface Admitted {
  readonly _tag: "Admitted"
  readonly principal: Principal
  /** The caller's own `Authorization` for the server: present only when `X-Authorization` proved who they are. */
  readonly clientAuthorization: string | undefined
}

/** Synchronous for a credential seen before. */
export const admitCaller = (
  pipeline: Pipeline,
  ctx: RequestContext
): Admitted | Refusal | Promise<Admitted | Refusal> => {
  const credential = presented(ctx.headers, cookieNames(pipeline.publicUrl))
  if (credential === undefined) return refused(pipeline, ctx, unauthenticatedBecause("missing"))
  if (credential === "malformed") return refused(pipeline, ctx, unauthenticatedBecause("malformed"))
  if (credential.kind === "cookie" && comesFromElsewhere(ctx)) return foreignOrigin()
  // The query travels on, whatever the parameter is called (S-01).
  if (ctx.search !== "" && ctx.search.includes(credential.value)) return tokenInQuery()
  const claims = pipeline.auth.cached(credential)
  if (claims !== undefined) return admit(pipeline, ctx, claims)
  const busy = pipeline.auth.busy(credential)
  if (busy !== undefined) return authBusy(busy)
  return pipeline.authenticate(credential).then((outcome) => admit(pipeline, ctx, outcome))
}

/** A page of another origin, or one opened from it: a browser sends the cookie with what it asks for (design.md §6). */
const comesFromElsewhere = ({ headers }: RequestContext): boolean => {
  const site = headers["sec-fetch-site"]
  return site !== undefined && (site !== "same-origin" || headers["sec-fetch-mode"] === "navigate")
}

const admit = (pipeline: Pipeline, ctx: RequestContext, outcome: Caller["outcome"]): Admitted | Refusal => {
  if ("_tag" in outcome) return notProven(pipeline, ctx, outcome)
  const principal = pipeline.auth.admit(outcome, resourcesOf(pipeline.publicUrl, ctx.pathname), ctx.at)
  if ("_tag" in principal) return refused(pipeline, ctx, principal)
  const clientAuthorization = ctx.headers[X_AUTHORIZATION] === undefined ? undefined : ctx.headers["authorization"]
  if (clientAuthorization === undefined) return { _tag: "Admitted", principal, clientAuthorization: undefined }
  if (holdsOurs(pipeline, ctx, clientAuthorization)) return foreignCredential()
  return { _tag: "Admitted", principal, clientAuthorization }
}

const notProven = (pipeline: Pipeline, ctx: RequestContext, failure: NotProven): Refusal => {
  if (failure._tag === "AuthUnavailable") return authUnavailable(failure)
  return failure._tag === "AuthBusy" ? authBusy(failure) : refused(pipeline, ctx, failure)
}

const refused = (pipeline: Pipeline, ctx: RequestContext, failure: Unauthenticated): Refusal =>
  unauthenticated(failure, metadataOf(pipeline, ctx))

/** Where a client learns how to get in at this route, as it calls us. */
export const metadataOf = ({ publicUrl }: Pipeline, { headers, pathname }: RequestContext): string =>
  metadataUrl(seenAs(publicUrl, headers["host"]), pathname)

/** What parts a token from the rest of a value, wherever it stands: `Bearer …`, `Token token="…"`. */
const BETWEEN_TOKENS = /[^A-Za-z0-9_.-]+/

/** Does the caller's own `Authorization` for the server hold what they came with, or anything else that is ours? */
const holdsOurs = (pipeline: Pipeline, ctx: RequestContext, authorization: string): boolean => {
  const own = ctx.headers[X_AUTHORIZATION]?.replace(/^\S+\s+/, "").trim() ?? ""
  return readings(authorization).some((text) => {
    if (own !== "" && text.includes(own)) return true
    const value = text.replace(/^\S+\s+/, "").trim()
    // Split, not searched for: a search would look at a long value once for each of its characters.
    return [value, ...text.split(BETWEEN_TOKENS)].some((part) => part !== "" && pipeline.auth.isOurs(part))
  })
}

const BASIC = /^basic +([A-Za-z0-9+/_-]+=*)$/i

/** As it is and, where keys are often put as passwords, what it stands for. */
const readings = (authorization: string): ReadonlyArray<string> => {
  const basic = BASIC.exec(authorization)?.[1]
  return basic === undefined ? [authorization] : [authorization, Buffer.from(basic, "base64").toString("latin1")]
}

/** Audiences that name this route: the gateway as a whole, and the route's own URL (RFC 8707). */
const resourcesOf = (publicUrl: string, pathname: string): ReadonlyArray<string> => [
  publicUrl,
  publicUrl + routeOf(pathname)
]
