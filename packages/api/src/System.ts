/** What anyone may ask: is it alive, which keys sign its tokens, what does its API look like, which servers are public. Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { NotFound } from "./ApiError.ts"

/** contracts.md §2.8. */
const HealthAnswer = Schema.Struct({
  status: Schema.Literal("healthy"),
  service: Schema.Literal("mcp-gateway-registry")
})

/** RFC 7517 key set of public keys. */
const KeySet = Schema.Struct({
  keys: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
})

/** A server anyone is told of. */
export const PublicServer = Schema.Struct({
  name: Schema.String,
  description: Schema.String,
  /** Where it is reached through the gateway, or, of a registry that carries no calls, where it is itself. */
  url: Schema.String,
  transport: Schema.String,
  /** The gateway's, or the server's own where calls go to it directly. */
  authentication: Schema.Union(
    Schema.Struct({
      type: Schema.Literal("oauth2"),
      required: Schema.Literal(true),
      /** Absent: the server itself says, when it refuses. */
      authorization_url: Schema.optionalWith(Schema.String, { exact: true }),
      /** RFC 9728: how a client finds everything else. */
      resource_metadata: Schema.optionalWith(Schema.String, { exact: true })
    }),
    Schema.Struct({ type: Schema.Literal("api-key"), required: Schema.Literal(true), header: Schema.String }),
    Schema.Struct({ type: Schema.Literal("none"), required: Schema.Literal(false) })
  ),
  capabilities: Schema.Array(Schema.String),
  /** As its last check found it. */
  health_status: Schema.String,
  /** The first five. */
  tools_preview: Schema.Array(Schema.Struct({ name: Schema.String, description: Schema.String }))
}).annotations({ identifier: "PublicServer" })
export type PublicServer = typeof PublicServer.Type

export const PublicServers = Schema.Struct({
  version: Schema.Literal("1.0"),
  servers: Schema.Array(PublicServer),
  registry: Schema.Struct({
    name: Schema.String,
    description: Schema.String,
    version: Schema.String,
    contact: Schema.Struct({ url: Schema.String, support: Schema.String })
  })
})
export type PublicServers = typeof PublicServers.Type

const health = HttpApiEndpoint.get("health", "/health")
  .addSuccess(HealthAnswer)
  .annotate(OpenApi.Summary, "Is it alive")
  .annotate(OpenApi.Description, "Is it alive? `/ready` says more.")
const jwks = HttpApiEndpoint.get("jwks", "/.well-known/jwks.json")
  .addSuccess(KeySet)
  .annotate(OpenApi.Summary, "Read the public keys of tokens")
  .annotate(OpenApi.Description, "Public keys of the tokens this gateway signs (RFC 7517).")
const wellKnown = HttpApiEndpoint.get("wellKnown", "/.well-known/mcp-servers")
  .addSuccess(PublicServers)
  .addError(NotFound.schema)
  .annotate(OpenApi.Summary, "List the public servers")
  .annotate(
    OpenApi.Description,
    "Servers an administrator made public (`visibility`) and that are on. None is public unless somebody says so. 404 where this is switched off."
  )
const openapi = HttpApiEndpoint.get("openapi", "/openapi.json")
  .addSuccess(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
  .annotate(OpenApi.Summary, "Read the API's description")
  .annotate(OpenApi.Description, "This document.")
const docs = HttpApiEndpoint.get("docs", "/docs")
  .addSuccess(HttpApiSchema.Text({ contentType: "text/html; charset=utf-8" }))
  .annotate(OpenApi.Summary, "Browse the API's description")
  .annotate(OpenApi.Description, "This document, as a page to read.")

export class SystemGroup extends HttpApiGroup.make("system")
  .add(health)
  .add(jwks)
  .add(wellKnown)
  .add(openapi)
  .add(docs) {}
