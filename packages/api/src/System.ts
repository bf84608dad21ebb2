/** What anyone may ask: is it alive, which keys sign its tokens, what does its API look like. Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"

/** contracts.md §2.8. */
export const HealthAnswer = Schema.Struct({
  status: Schema.Literal("healthy"),
  service: Schema.Literal("mcp-gateway-registry")
})

/** RFC 7517 key set of public keys. */
export const KeySet = Schema.Struct({
  keys: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
})

const health = HttpApiEndpoint.get("health", "/health")
  .addSuccess(HealthAnswer)
  .annotate(OpenApi.Description, "Is it alive? `/ready` says more.")
const jwks = HttpApiEndpoint.get("jwks", "/.well-known/jwks.json")
  .addSuccess(KeySet)
  .annotate(OpenApi.Description, "Public keys of the tokens this gateway signs (RFC 7517).")
const openapi = HttpApiEndpoint.get("openapi", "/openapi.json")
  .addSuccess(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
  .annotate(OpenApi.Description, "This document.")

export class SystemGroup extends HttpApiGroup.make("system").add(health).add(jwks).add(openapi) {}
