/** What the control plane is told about where it runs. Read from no environment here: the application fills it. */
import type { AllowedUpstream } from "@mcpgw/egress/AddressPolicy"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** `registry-only`: no calls go through here; clients are told the servers' own URLs (contracts.md §1.15). */
export type DeploymentMode = "with-gateway" | "registry-only"

export interface ControlPlaneSettings {
  /** What callers reach us at, such as `https://mcp.example.com`: audience of sessions and tokens, and the one origin cookies are used from. */
  readonly publicUrl: string
  /** Where a browser goes after signing in or out, and after an edit. */
  readonly loginRedirect: string
  /** `MCPGW_ALLOWED_UPSTREAMS`: what else the dialler would call. */
  readonly allowedUpstreams: ReadonlyArray<AllowedUpstream>
  readonly deploymentMode: DeploymentMode
  /** `ENABLE_WELLKNOWN_DISCOVERY`: is anyone told of public servers? */
  readonly wellKnownDiscovery: boolean
}

export class ControlPlaneConfig extends Context.Tag("@mcpgw/control/ControlPlaneConfig")<
  ControlPlaneConfig,
  ControlPlaneSettings
>() {
  /** `loginRedirect` is `/` unless given, nothing is allowed, public servers are told of, and there is a gateway. */
  static layerOf(
    settings: Pick<ControlPlaneSettings, "publicUrl"> & Partial<ControlPlaneSettings>
  ): Layer.Layer<ControlPlaneConfig> {
    return Layer.succeed(ControlPlaneConfig, {
      loginRedirect: "/",
      allowedUpstreams: [],
      deploymentMode: "with-gateway",
      wellKnownDiscovery: true,
      ...settings
    })
  }
}
