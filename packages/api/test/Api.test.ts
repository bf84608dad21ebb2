import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { Api } from "../src/Api.ts"
import {
  BadRequest,
  Conflict,
  fieldProblem,
  Forbidden,
  InternalError,
  NotFound,
  PreconditionFailed,
  PreconditionRequired,
  problem,
  TooLarge,
  TooManyRequests,
  Unauthorized,
  Unavailable
} from "../src/ApiError.ts"

const wrong = fieldProblem("tags.0", "1", "it must be string")

const FAILURES: ReadonlyArray<readonly [object, Schema.Schema.AnyNoContext, number]> = [
  [new BadRequest(wrong), BadRequest.schema, 400],
  [new Unauthorized(wrong), Unauthorized.schema, 401],
  [new Forbidden(wrong), Forbidden.schema, 403],
  [new NotFound(wrong), NotFound.schema, 404],
  [new Conflict(wrong), Conflict.schema, 409],
  [new PreconditionFailed(wrong), PreconditionFailed.schema, 412],
  [new PreconditionRequired(wrong), PreconditionRequired.schema, 428],
  [new TooLarge(wrong), TooLarge.schema, 413],
  [new TooManyRequests(wrong), TooManyRequests.schema, 429],
  [new InternalError(wrong), InternalError.schema, 500],
  [new Unavailable(wrong), Unavailable.schema, 503]
]

describe("refusals", () => {
  it.each(FAILURES)("%o: one shape, its own status, and back again", (failure, schema, status) => {
    expect(HttpApiSchema.getStatusErrorAST(schema.ast)).toBe(status)
    const wire: unknown = Schema.encodeUnknownSync(schema)(failure)
    expect(wire).toEqual({
      type: "about:blank",
      title: expect.any(String),
      status,
      error: "tags.0 holds 1, but it must be string",
      detail: "tags.0 holds 1, but it must be string",
      field: "tags.0",
      held: "1",
      expected: "it must be string",
      errors: [{ field: "tags.0", held: "1", expected: "it must be string" }]
    })
    expect(HttpApiSchema.getEncoding(schema.ast).contentType).toBe("application/problem+json")
    expect(Schema.decodeUnknownSync(schema)(wire)).toEqual(failure)
  })

  it("a failure is encoded by its own schema only", () => {
    expect(() => Schema.encodeUnknownSync(Forbidden.schema)(new NotFound(problem("Not found")))).toThrow()
  })
})

describe("contracts §2.6–§2.8, §1.16: the routes", () => {
  it("are exactly these", async () => {
    const routes: Array<string> = []
    HttpApi.reflect(Api, {
      onGroup: () => {},
      onEndpoint: ({ endpoint }) => void routes.push(`${endpoint.method} ${endpoint.path}`)
    })
    await expect(`${routes.sort().join("\n")}\n`).toMatchFileSnapshot("golden/routes.txt")
  })
})
