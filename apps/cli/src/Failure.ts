/**
 * What a command can end with besides success, and the exit code of each. The sentence says what happened, the hint what to do. Never holds
 * a credential.
 */
import * as ValidationError from "@effect/cli/ValidationError"
import * as Schema from "effect/Schema"

/**
 * Documented exit codes: `failed` what was asked for did not work; `usage` the command line can not be understood; `denied` not signed in, or
 * not allowed; `missing` there is no such thing; `unreachable` nobody answered, or too late.
 */
export const EXIT = { ok: 0, failed: 1, usage: 2, denied: 3, missing: 4, unreachable: 5 } as const

export class Failure extends Schema.TaggedError<Failure>()("CliFailure", {
  kind: Schema.Literal("failed", "usage", "denied", "missing", "unreachable"),
  problem: Schema.String,
  /** What to do about it. */
  hint: Schema.optionalWith(Schema.String, { exact: true })
}) {
  override get message(): string {
    return this.hint === undefined ? this.problem : `${this.problem}\n  ${this.hint}`
  }
}

const fail = (kind: Failure["kind"], problem: string, hint?: string): Failure =>
  new Failure({ kind, problem, ...(hint === undefined ? {} : { hint }) })

export const failed = (problem: string, hint?: string): Failure => fail("failed", problem, hint)
export const usage = (problem: string, hint?: string): Failure => fail("usage", problem, hint)
export const denied = (problem: string, hint?: string): Failure => fail("denied", problem, hint)
export const missing = (problem: string, hint?: string): Failure => fail("missing", problem, hint)
export const unreachable = (problem: string, hint?: string): Failure => fail("unreachable", problem, hint)

/** A field of the input: its name, what it held, what it may hold. */
export const badField = (field: string, held: string, expected: string): Failure =>
  usage(`${field} held ${JSON.stringify(held.slice(0, 200))}`, `it may hold ${expected}`)

const text = (value: unknown, name: string): string | undefined => {
  const held: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined
  return typeof held === "string" && held !== "" ? held : undefined
}

/** The members of a refusal that say more: every wrong field, when the gateway lists them. */
const fields = (problem: unknown): ReadonlyArray<string> => {
  const listed: unknown = typeof problem === "object" && problem !== null ? Reflect.get(problem, "errors") : undefined
  if (!Array.isArray(listed)) return []
  return listed.flatMap((one: unknown) => {
    const field = text(one, "field") ?? text(one, "pointer")
    const detail = text(one, "detail") ?? text(one, "error") ?? text(one, "expected")
    return detail === undefined
      ? []
      : [field === undefined || detail.startsWith(field) ? detail : `${field}: ${detail}`]
  })
}

/** The gateway's own words for a refusal. `problem`: its decoded body. */
export const words = (problem: unknown): string | undefined => {
  const error = text(problem, "error") ?? text(problem, "title")
  const detail = text(problem, "detail") ?? text(problem, "suggestion") ?? text(problem, "reason")
  // The one often begins with the other.
  const both = error !== undefined && detail !== undefined && !detail.startsWith(error)
  const sentence = both ? `${error}: ${detail}` : (detail ?? error)
  const all = [sentence, ...fields(problem)].filter((one) => one !== undefined)
  return all.length === 0 ? undefined : all.join("\n  ")
}

const SIGN_IN = "sign in with `mcpgw login`, or give a token with --token-file, --token or MCPGW_TOKEN"

/** A refusal by its HTTP status. */
export const refused = (status: number, problem: unknown): Failure => {
  const said = words(problem)
  if (status === 401) return denied(said ?? "The gateway does not know the caller", SIGN_IN)
  if (status === 403) {
    const byToken = said !== undefined && /^(?:A token|An API key) can not/.test(said)
    return denied(
      said ?? "The gateway does not allow this",
      byToken ? "sign in with a password for this: mcpgw login --username NAME" : "`mcpgw whoami` shows what you may do"
    )
  }
  if (status === 404) return missing(said ?? "The gateway knows no such thing")
  if (status >= 500 && status !== 501) return unreachable(said ?? `The gateway answered ${status}`, "try again later")
  return failed(said ?? `The gateway answered ${status}`)
}

/** Of the API's failures by tag. */
const STATUS: Readonly<Record<string, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  Conflict: 409,
  PreconditionFailed: 412,
  TooLarge: 413,
  TooManyRequests: 429,
  InternalError: 500,
  Unavailable: 503
}

/** Of failures of other packages, which say themselves what happened. */
const KINDS: Readonly<Record<string, Failure["kind"]>> = {
  KeycloakUnreachable: "unreachable",
  KeycloakSignInRefused: "denied",
  KeycloakForbidden: "denied",
  KeycloakNotFound: "missing"
}

/** Whatever a command ended with, as a failure; undefined: the parser has explained it already. */
export const failureOf = (error: unknown): Failure | undefined => {
  if (error instanceof Failure) return error
  if (ValidationError.isValidationError(error)) return undefined
  const tag = text(error, "_tag") ?? ""
  const status = STATUS[tag]
  if (status !== undefined) return refused(status, error)
  if (tag === "RequestError") return unreachable("The gateway does not answer", "is it running, and is --url right?")
  if (tag === "ResponseError") return failed(text(error, "message") ?? "The gateway's answer can not be read")
  if (tag === "ParseError") {
    return failed(`The gateway's answer is not what this command expects: ${text(error, "message") ?? ""}`)
  }
  const problem = error instanceof Error ? error.message : String(error)
  return fail(KINDS[tag] ?? "failed", problem)
}

export const exitCodeOf = (failure: Failure | undefined): number =>
  failure === undefined ? EXIT.usage : EXIT[failure.kind]
