/**
 * What a command can end with besides success, and the exit code of each. The sentence says what happened, the hint what to do. Never holds
 * a credential.
 */
import * as ValidationError from "@effect/cli/ValidationError"
import { fieldProblems } from "@mcpgw/domain/FieldProblems"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { certificateProblem } from "./certificate.ts"

/**
 * Documented exit codes: `failed` what was asked for did not work; `usage` the command line can not be understood; `denied` not signed in, or
 * not allowed; `missing` there is no such thing; `unreachable` nobody answered, or too late.
 */
export const EXIT = { ok: 0, failed: 1, usage: 2, denied: 3, missing: 4, unreachable: 5 } as const

/** A field of what was sent or read, as the API calls it, and what is wrong with it. */
const WrongField = Schema.Struct({ field: Schema.String, says: Schema.String })
type WrongField = typeof WrongField.Type

export class Failure extends Schema.TaggedError<Failure>()("CliFailure", {
  kind: Schema.Literal("failed", "usage", "denied", "missing", "unreachable"),
  problem: Schema.String,
  /** Each in a line under the problem. */
  fields: Schema.optionalWith(Schema.Array(WrongField), { exact: true }),
  /** What to do about it. */
  hint: Schema.optionalWith(Schema.String, { exact: true })
}) {
  override get message(): string {
    const lines = (this.fields ?? []).map(({ field, says }) => `${field}${says}`)
    return [this.problem, ...lines, ...(this.hint === undefined ? [] : [this.hint])].join("\n  ")
  }
}

const fail = (kind: Failure["kind"], problem: string, hint?: string): Failure =>
  new Failure({ kind, problem, ...(hint === undefined ? {} : { hint }) })

export const failed = (problem: string, hint?: string): Failure => fail("failed", problem, hint)
export const usage = (problem: string, hint?: string): Failure => fail("usage", problem, hint)
export const denied = (problem: string, hint?: string): Failure => fail("denied", problem, hint)
export const missing = (problem: string, hint?: string): Failure => fail("missing", problem, hint)
export const unreachable = (problem: string, hint?: string): Failure => fail("unreachable", problem, hint)

/** What can not be used, field by field; `says` goes on after a field's name. */
export const wrongFields = (kind: Failure["kind"], problem: string, fields: ReadonlyArray<WrongField>): Failure =>
  new Failure({ kind, problem, fields })

/** What a schema of ours refuses before it is sent: told of the option alone, of an input that may be secret nothing is repeated. */
export const wrongInput = (error: ParseResult.ParseError, flags: Readonly<Record<string, string>> = {}): Failure => {
  const problems = fieldProblems(error).map(({ expected, path }) => {
    const field = path.map(String).join(".")
    return { field: flags[String(path[0])] ?? field, says: `: ${expected}` }
  })
  const [only, another] = problems
  return only !== undefined && another === undefined
    ? usage(`${only.field}${only.says}`)
    : wrongFields("usage", "That can not be sent:", problems)
}

/** The same in words of a command line: behind the API's name of a field stands what a person typed for it. `flags`: by the name of the field. */
export const toldByFlags =
  (flags: Readonly<Record<string, string>>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Failure, R> =>
    Effect.mapError(effect, (error) => {
      if (ParseResult.isParseError(error)) return wrongInput(error, flags)
      if (!(error instanceof Failure) || error.fields === undefined) return error
      const { fields, hint, kind, problem } = error
      const named = fields.map(({ field, says }) => {
        const flag = flags[field.split(".")[0] ?? ""]
        return { field: flag === undefined ? field : `${field} (${flag})`, says }
      })
      return new Failure({ kind, problem, fields: named, ...(hint === undefined ? {} : { hint }) })
    })

/** An answer that is another than the contract says. `from`: whose. */
export const wrongAnswer = (from: string, error: ParseResult.ParseError): Failure =>
  wrongFields(
    "failed",
    `The answer of ${from} is not what this command expects:`,
    fieldProblems(error).map(({ expected, path }) => ({
      field: path.map(String).join(".") || "body",
      says: `: ${expected}`
    }))
  )

/** A field of the input: its name, what it held, what it may hold. */
export const badField = (field: string, held: string, expected: string): Failure =>
  usage(`${field} held ${JSON.stringify(held.slice(0, 200))}`, `it may hold ${expected}`)

const text = (value: unknown, name: string): string | undefined => {
  const held: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined
  return typeof held === "string" && held !== "" ? held : undefined
}

/** Every wrong field of a refusal, when the gateway lists them. */
const fieldsOf = (problem: unknown): ReadonlyArray<WrongField> => {
  const listed: unknown = typeof problem === "object" && problem !== null ? Reflect.get(problem, "errors") : undefined
  if (!Array.isArray(listed)) return []
  return listed.flatMap((one: unknown) => {
    const field = text(one, "field") ?? text(one, "pointer")
    const detail = text(one, "detail") ?? text(one, "error") ?? text(one, "expected")
    const held = text(one, "held")
    if (detail === undefined) return []
    if (field === undefined) return [{ field: "", says: detail }]
    if (detail.startsWith(field)) return [{ field, says: detail.slice(field.length) }]
    const says = held === undefined || held === "(hidden)" ? `: ${detail}` : ` holds ${held}, but ${detail}`
    return [{ field, says }]
  })
}

/** The gateway's own sentence for a refusal. `problem`: its decoded body. */
const sentenceOf = (problem: unknown): string | undefined => {
  const error = text(problem, "error") ?? text(problem, "title")
  const detail = text(problem, "detail") ?? text(problem, "suggestion") ?? text(problem, "reason")
  if (error === undefined || detail === undefined) return detail ?? error
  // The one often begins with the other.
  return detail.startsWith(error) || error.startsWith(detail) ? detail : `${error}: ${detail}`
}

/** The gateway's own words for a refusal, every wrong field among them. */
export const words = (problem: unknown): string | undefined => {
  const fields = fieldsOf(problem)
  return fields.length === 0 ? sentenceOf(problem) : fields.map(({ field, says }) => `${field}${says}`).join("\n  ")
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
  const fields = fieldsOf(problem)
  return fields.length === 0
    ? failed(said ?? `The gateway answered ${status}`)
    : wrongFields("failed", "The gateway does not take that:", fields)
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

/** A certificate that is not taken is why nobody answered; undefined: it is not. `who`: in words, such as the URL. */
export const certificateFailure = (who: string, error: unknown): Failure | undefined => {
  const problem = certificateProblem(error)
  return problem === undefined ? undefined : unreachable(`${who}: its certificate ${problem.says}`, problem.hint)
}

/** Nobody answered `who`; `error`: with what it ended. */
export const notAnswering = (who: string, error: unknown): Failure =>
  certificateFailure(who, error) ?? unreachable(`${who} does not answer`, "is it running, and is --url right?")

/** Whatever a command ended with, as a failure; undefined: the parser has explained it already. */
export const failureOf = (error: unknown): Failure | undefined => {
  if (error instanceof Failure) return error
  if (ValidationError.isValidationError(error)) return undefined
  if (ParseResult.isParseError(error)) return wrongInput(error)
  const tag = text(error, "_tag") ?? ""
  const status = STATUS[tag]
  if (status !== undefined) return refused(status, error)
  if (tag === "RequestError") return notAnswering("The gateway", error)
  if (tag === "ResponseError") return failed(text(error, "message") ?? "The gateway's answer can not be read")
  const problem = error instanceof Error ? error.message : String(error)
  return fail(KINDS[tag] ?? "failed", problem)
}

export const exitCodeOf = (failure: Failure | undefined): number =>
  failure === undefined ? EXIT.usage : EXIT[failure.kind]
