/** Refusals as responses, where a handler answers itself: the same body as the failures of the contract have. */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { type Problem, PROBLEM_JSON, wire } from "@mcpgw/api/ApiError"

export const problemResponse = (
  status: number,
  said: Problem,
  headers: Readonly<Record<string, string>> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify(wire(status, said)), { status, contentType: PROBLEM_JSON, headers })
