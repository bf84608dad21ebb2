/** What the control plane is told about where it runs. Read from no environment here: the application fills it. */
import type { AllowedUpstream } from "@mcpgw/egress/AddressPolicy"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

export interface ControlPlaneSettings {
  /** What callers reach us at, such as `https://mcp.example.com`: audience of sessions and tokens, and the one origin cookies are used from. */
  readonly publicUrl: string
  /** Where a browser goes after signing in or out, and after an edit. */
  readonly loginRedirect: string
  /** `MCPGW_ALLOWED_UPSTREAMS`: what else the dialler would call. */
  readonly allowedUpstreams: ReadonlyArray<AllowedUpstream>
  /** `ENABLE_WELLKNOWN_DISCOVERY`: is anyone told of public servers? */
  readonly wellKnownDiscovery: boolean
}

export class ControlPlaneConfig extends Context.Tag("@mcpgw/registry-app/ControlPlaneConfig")<
  ControlPlaneConfig,
  ControlPlaneSettings
>() {
  /** `loginRedirect` is `/` unless given, nothing is allowed, and public servers are told of. */
  static layerOf(
    settings: Pick<ControlPlaneSettings, "publicUrl"> & Partial<ControlPlaneSettings>
  ): Layer.Layer<ControlPlaneConfig> {
    return Layer.succeed(ControlPlaneConfig, {
      loginRedirect: "/",
      allowedUpstreams: [],
      wellKnownDiscovery: true,
      ...settings
    })
  }
}
