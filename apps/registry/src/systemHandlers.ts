/** What anyone may ask (contracts.md §2.8): liveness, public keys, the API's description. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { Api } from "@mcpgw/api/Api"
import { Tokens } from "@mcpgw/identity/Tokens"
import * as Effect from "effect/Effect"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { openApiDocument } from "./openApi.ts"

export const layer = HttpApiBuilder.group(Api, "system", (handlers) =>
  handlers
    .handle("health", () => Effect.succeed({ status: "healthy", service: "mcp-gateway-registry" } as const))
    .handle("jwks", () => Effect.map(Tokens, (tokens) => tokens.jwks()))
    .handle("openapi", () =>
      Effect.map(ControlPlaneConfig, ({ publicUrl }) =>
        // Paths are relative to the document's own origin unless it says otherwise.
        new URL(publicUrl).pathname === "/"
          ? openApiDocument()
          : { ...openApiDocument(), servers: [{ url: publicUrl }] }
      )
    )
)
