/** Loads the registry's API when it is first asked for: its framework costs more to load than the rest of the gateway. */
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import * as Effect from "effect/Effect"
import type { ControlPlane } from "./edge.ts"

export const controlPlane: Effect.Effect<Effect.Effect<ControlPlane>, never, AuthLayer> = Effect.map(AuthLayer, () =>
  Effect.succeed({ handle: () => Promise.resolve(new Response("no control plane", { status: 503 })) })
)
