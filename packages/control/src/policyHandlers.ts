/** The policy's text, read and replaced by administrators. Whoever replaces it signed in, and stays an administrator. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import { ReplacePolicy } from "@mcpgw/api/PolicyText"
import { parsePolicyText } from "@mcpgw/policy/PolicyText"
import { PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { compileWith } from "@mcpgw/policy/ScopePolicyLayers"
import * as Effect from "effect/Effect"
import { readingAdministrator, changingAdministrator } from "./groupAccess.ts"
import { decodeOnly, fieldsOf } from "./body.ts"
import { explain } from "./policyExplain.ts"
import { invalidText, policyFailures, unreadablePolicy, wouldLockOut } from "./policyFailures.ts"
import { received } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

const decode = decodeOnly(ReplacePolicy, Object.keys(ReplacePolicy.fields))

const read = (request: Request) =>
  Effect.gen(function* () {
    yield* readingAdministrator(request, "api:read_policy")
    const { revision, text } = yield* (yield* PolicyWriter).read.pipe(
      Effect.catchTag("PolicyUnavailable", unreadablePolicy)
    )
    return { text, revision, problem: (yield* ScopePolicy).status().problem ?? null }
  })

const replace = (request: Request) =>
  Effect.gen(function* () {
    const { claims } = yield* changingAdministrator(request, "api:write_policy", "change the policy")
    const { revision, text } = yield* fieldsOf(request).pipe(Effect.flatMap(decode))
    const next = yield* Effect.mapError(
      compileWith(() => parsePolicyText(text)),
      invalidText
    )
    if (!next.isAdmin(claims)) return yield* wouldLockOut
    const written = yield* (yield* PolicyWriter)
      .write(text, { by: claims.username, revision })
      .pipe(Effect.catchTags(policyFailures))
    return { revision: written }
  })

export const layer = HttpApiBuilder.group(Api, "policy", (handlers) =>
  handlers
    .handle("read", ({ request }) => read(request))
    .handleRaw("explain", ({ request }) => received(request, explain(request)))
    .handleRaw("replace", ({ request }) => received(request, replace(request)), { uninterruptible: true })
)
