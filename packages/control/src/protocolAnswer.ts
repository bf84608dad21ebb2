/**
 * Answers of the official registry protocol: JSON, and refusals as RFC 9457 with an `error` member that says what `detail` does, so that
 * readers of either document understand them.
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type {
  BadRequest,
  Forbidden,
  NotFound,
  TooLarge,
  TooManyRequests,
  Unauthorized,
  Unavailable
} from "@mcpgw/api/ApiError"
import type { ProtocolProblem } from "@mcpgw/api/RegistryProtocol"
import type { DocumentIssue } from "@mcpgw/domain/ServerJson"
import type { StoreUnavailable } from "@mcpgw/registry/RegistryError"
import type { NothingChanged, VersionExists, VersionNotFound } from "@mcpgw/registry/v01/VersionError"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/** Where in the request something is wrong; `location` as `query.limit` or `body.remotes.0.url`. */
export interface WrongField {
  readonly location: string
  readonly message: string
}

/** A refusal in the protocol's words. */
export class Refused extends Data.TaggedError("Refused")<{
  readonly status: number
  readonly detail: string
  readonly errors?: ReadonlyArray<WrongField>
}> {}

/** 404, for what is not there and for what the caller may not see alike. */
export const notFound = (what: "Server" | "Server version"): Refused =>
  new Refused({ status: 404, detail: `${what} not found` })

/** 422: fields by name, all of them. */
export const invalid = (errors: ReadonlyArray<WrongField>): Refused =>
  new Refused({ status: 422, detail: "validation failed", errors })

/** 422 for a document. */
export const invalidDocument = (issues: ReadonlyArray<DocumentIssue>): Refused =>
  invalid(issues.map(({ message, path }) => ({ location: path === "" ? "body" : `body.${path}`, message })))

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  413: "Content Too Large",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  501: "Not Implemented",
  503: "Service Unavailable"
}

const refusal = ({ detail, errors, status }: Pick<Refused, "detail" | "status" | "errors">) =>
  HttpServerResponse.text(
    JSON.stringify({
      title: TITLES[status] ?? "Error",
      status,
      detail,
      error: detail,
      ...(errors === undefined ? {} : { errors })
    } satisfies ProtocolProblem),
    { status, contentType: "application/problem+json" }
  )

type Failure =
  | Refused
  | BadRequest
  | Forbidden
  | NotFound
  | TooLarge
  | TooManyRequests
  | Unauthorized
  | Unavailable
  | StoreUnavailable
  | VersionExists
  | VersionNotFound
  | NothingChanged

const STATUS: Readonly<Record<Exclude<Failure, Refused>["_tag"], number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  TooLarge: 413,
  TooManyRequests: 429,
  Unavailable: 503,
  StoreUnavailable: 503,
  VersionExists: 400,
  VersionNotFound: 404,
  NothingChanged: 400
}

const refused = (failure: Failure): HttpServerResponse.HttpServerResponse => {
  if (failure._tag === "Refused") return refusal(failure)
  const detail = "detail" in failure ? failure.detail : failure.message
  const answer = refusal({ status: STATUS[failure._tag], detail })
  return failure._tag === "StoreUnavailable" ? HttpServerResponse.setHeader(answer, "retry-after", "5") : answer
}

/** What a handler yields, or what it refuses, as an answer. */
export const answered = <R>(handler: Effect.Effect<unknown, Failure, R>) =>
  Effect.match(handler, {
    onFailure: refused,
    onSuccess: (body) => HttpServerResponse.unsafeJson(body)
  })
