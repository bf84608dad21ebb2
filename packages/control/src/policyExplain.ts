/** What the policy in force decides and why, told to administrators. Changes nothing, and knows no credential: groups and scopes are what was sent. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { BadRequest, fieldProblem } from "@mcpgw/api/ApiError"
import { ExplainPolicy, type PolicyExplanation } from "@mcpgw/api/PolicyExplain"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import * as Effect from "effect/Effect"
import { decodeOnly, fieldsOf } from "./body.ts"
import { readingAdministrator } from "./groupAccess.ts"

const decode = decodeOnly(ExplainPolicy, Object.keys(ExplainPolicy.fields))

const nobody = new BadRequest(
  fieldProblem("groups", "nothing", "groups or scopes are needed to say who asks; each may be [], who is in none")
)
const noTool = new BadRequest(fieldProblem("tool", "nothing", "tools/call is judged by its tool: say which"))

export const explain = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.gen(function* () {
    yield* readingAdministrator(request, "api:explain_policy")
    const asked = yield* Effect.flatMap(fieldsOf(request), decode)
    const { groups, method, scopes, server, tool } = asked
    if (groups === undefined && scopes === undefined) return yield* nobody
    const access = { server, method: method ?? (tool === undefined ? "tools/list" : "tools/call"), tool }
    if (access.method === "tools/call" && tool === undefined) return yield* noTool
    const policy = (yield* ScopePolicy).current()
    const { scope, ...rest } = policy.explain({ groups: groups ?? [], scopes: scopes ?? [] }, access)
    return { ...rest, ...(scope === undefined ? {} : { scope }) } satisfies typeof PolicyExplanation.Type
  })
