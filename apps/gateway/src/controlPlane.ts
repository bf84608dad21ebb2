/**
 * Mounts the registry's control plane beside the data plane. Loads it in the background once the port is open, or when it is first
 * asked for: its framework costs more to load than the rest of the gateway.
 */
import { ControlPlaneConfig } from "@mcpgw/control/ControlPlaneConfig"
import type { Services } from "@mcpgw/control/ControlPlane"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { GatewayConfig } from "./config.ts"
import type { ControlPlane } from "./edge.ts"

/** Yields the effect that loads it; what it opens is closed with the scope this runs in. */
export const controlPlane: Effect.Effect<
  Effect.Effect<ControlPlane>,
  never,
  Exclude<Services, ControlPlaneConfig> | GatewayConfig | Scope.Scope
> = Effect.gen(function* () {
  const { allowedUpstreams, deploymentMode, publicUrl, wellKnownDiscovery } = yield* GatewayConfig
  const context = yield* Effect.context<Exclude<Services, ControlPlaneConfig> | Scope.Scope>()
  const services = Context.add(context, ControlPlaneConfig, {
    publicUrl,
    // With its path: a browser resolves `/` against the origin alone.
    loginRedirect: `${new URL(publicUrl).pathname.replace(/\/+$/, "")}/`,
    allowedUpstreams,
    deploymentMode,
    wellKnownDiscovery
  })
  return Effect.flatMap(
    Effect.promise(() => import("@mcpgw/control/ControlPlane")),
    ({ make }) => Effect.mapInputContext(make, () => services)
  )
})
