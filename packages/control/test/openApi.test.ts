/** What the API's own description tells beside the golden file: of preconditions and tags, and of every route in a few words (contracts §2.8; R-12). */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { openApiDocument } from "../src/openApi.ts"

const Record = <A, I>(value: Schema.Schema<A, I>) => Schema.Record({ key: Schema.String, value })

const Operation = Schema.Struct({
  operationId: Schema.String,
  summary: Schema.optional(Schema.String),
  parameters: Schema.Array(
    Schema.Struct({ name: Schema.String, in: Schema.String, required: Schema.Boolean, schema: Schema.Unknown })
  ),
  responses: Record(
    Schema.Struct({
      headers: Schema.optional(Record(Schema.Unknown)),
      content: Schema.optional(Record(Schema.Struct({ schema: Schema.optional(Schema.Unknown) })))
    })
  )
})

const Document = Schema.Struct({
  paths: Record(Record(Operation)),
  components: Schema.Struct({ schemas: Record(Schema.Unknown) })
})

const { components, paths } = Schema.decodeUnknownSync(Document)(openApiDocument())

const operation = (method: string, path: string) => {
  const found = paths[path]?.[method]
  return found ?? assert.fail(`there is no ${method} ${path}`)
}

const headersOf = (method: string, path: string) =>
  operation(method, path)
    .parameters.filter((one) => one.in === "header" && !one.required)
    .map(({ name }) => name)

const SERVER = "/api/servers/{path}"

describe("the OpenAPI document", () => {
  it("RFC 9110 §13: which headers a server's document is read and changed under, and which answers carry its tag", () => {
    assert.deepEqual(headersOf("get", SERVER), ["If-None-Match"])
    for (const method of ["put", "patch", "delete"]) {
      assert.deepEqual(headersOf(method, SERVER), ["If-Match", "If-None-Match"], method)
    }
    const carriers = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { responses }]) =>
        Object.entries(responses).flatMap(([status, { headers }]) =>
          headers?.["ETag"] === undefined ? [] : [`${method} ${path} ${status}`]
        )
      )
    )
    assert.sameMembers(carriers, [
      "post /api/servers 201",
      `get ${SERVER} 200`,
      `get ${SERVER} 304`,
      `put ${SERVER} 200`,
      `put ${SERVER} 201`,
      `patch ${SERVER} 200`
    ])
  })

  it("every route says in a few words what it is for, and no two say the same", () => {
    const told = Object.values(paths).flatMap((methods) => Object.values(methods))
    const summaries = told.map(({ operationId, summary }) => {
      assert.match(summary ?? "", /^[A-Z].{5,59}[^.]$/, operationId)
      return summary
    })
    assert.isAbove(summaries.length, 100)
    assert.lengthOf(new Set(summaries), summaries.length)
  })

  it("issue 6: what is asked behind a server's path has operations there, with ids of their own", () => {
    for (const part of ["connect-config", "collaborators"]) {
      const there = paths[`${SERVER}/${part}`] ?? {}
      const first = paths[`/api/${part}/{path}`] ?? {}
      assert.isNotEmpty(Object.keys(there))
      assert.deepEqual(Object.keys(there), Object.keys(first))
      for (const [method, one] of Object.entries(there)) {
        assert.deepEqual({ ...one, operationId: "", summary: "" }, { ...first[method], operationId: "", summary: "" })
      }
    }
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId))
    assert.lengthOf(new Set(ids), ids.length)
    assert.containsAllKeys(operation("post", `${SERVER}/connect-config`).responses, ["400", "413"])
  })

  it("R-12: routes of the registry protocol tell of their own refusals, 422 of what can not be understood among them", () => {
    for (const path of Object.keys(paths).filter((one) => one.startsWith("/v0.1/servers"))) {
      for (const [method, { responses }] of Object.entries(paths[path] ?? {})) {
        const refusals = Object.entries(responses).filter(([status]) => Number(status) >= 400)
        if (method !== "delete") assert.include(Object.keys(responses), "422", `${method} ${path}`)
        for (const [status, response] of refusals) {
          const { schema } = Object.values(response.content ?? {})[0] ?? {}
          assert.deepEqual(schema, { $ref: "#/components/schemas/ProtocolProblem" }, `${method} ${path} ${status}`)
        }
      }
    }
    assert.include(Object.keys(components.schemas), "ProtocolProblem")
    assert.notInclude(Object.keys(operation("get", "/api/servers").responses), "422")
  })
})
