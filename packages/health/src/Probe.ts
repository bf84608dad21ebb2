/** **Probe** port: one MCP handshake with one server. Never fails: the result says how it went. */
import type { HealthStatus, ServerRecord } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import type { Upstream } from "@mcpgw/egress/Upstream"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makeProbe, type ProbeOptions } from "./internal/mcpProbe.ts"

export interface ProbeResult {
  readonly status: HealthStatus
  /** The inventory (all pages, the first `MAX_TOOLS`) when the server offers tools and answered; undefined when it was not asked or failed. */
  readonly tools: ReadonlyArray<Tool> | undefined
  /** How many tools the server lists, when that is more than `tools` holds. */
  readonly listed?: number
  /**
   * Set when the server answered the handshake by asking us to come back later (429, or 503 with `Retry-After`): seconds to
   * wait. Says nothing about the server being down, so a monitor keeps what it knew (field.md 24).
   */
  readonly retryAfterSeconds?: number
}

export interface ProbeApi {
  readonly probe: (record: ServerRecord) => Effect.Effect<ProbeResult>
}

export class Probe extends Context.Tag("@mcpgw/health/Probe")<Probe, ProbeApi>() {
  /** A real handshake of whichever protocol era the server speaks, through the egress port. */
  static layer(options: Partial<ProbeOptions> = {}): Layer.Layer<Probe, never, Upstream> {
    return Layer.effect(Probe, makeProbe(options))
  }

  /** Scripted: answers what the function says. */
  static layerOf(answer: (record: ServerRecord) => ProbeResult | Effect.Effect<ProbeResult>): Layer.Layer<Probe> {
    return Layer.succeed(Probe, {
      probe: (record) =>
        Effect.suspend(() => {
          const given = answer(record)
          return Effect.isEffect(given) ? given : Effect.succeed(given)
        })
    })
  }
}
