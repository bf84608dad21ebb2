/**
 * **ProxyRouter** — resolves a path to a server and carries authorised calls to it. Hot side: `resolve`, plain and synchronous.
 * Never decides whether a call may happen: it takes only what the policy has authorised.
 */
import { Deadlines } from "@mcpgw/egress/Deadlines"
import { Upstream, type UpstreamFailureReason } from "@mcpgw/egress/Upstream"
import type { Claims } from "@mcpgw/domain/Principal"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { Registry } from "@mcpgw/registry/Registry"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Credentials } from "./Credentials.ts"
import { Dispatcher } from "./Dispatcher.ts"
import type { Forward } from "./Forward.ts"
import { OpenStreams } from "./OpenStreams.ts"
import { SseBridge } from "./SseBridge.ts"
import { type Resolution, resolve, speaksSse } from "./Target.ts"

export interface ProxyOptions {
  /** Silence within an answer that ends it; also how long bytes may wait for a client that takes nothing. */
  readonly idleTimeoutMs: number
  /** Longest that a call may take in all, however busy; GET and `subscriptions/listen` have no such end. */
  readonly totalTimeoutMs: number
  /** Silence after which a comment keeps an event stream alive; 0: never. */
  readonly heartbeatMs: number
  /** Largest JSON answer that is read whole, to be filtered or sealed. */
  readonly maxListBytes: number
  /** Largest single server-sent event. */
  readonly maxEventBytes: number
  /** Life of a sealed session id. */
  readonly sessionSeconds: number
  /** Hot: told what each exchange with a server came to, before anything of its answer is relayed. */
  readonly calls?: CallObserver
}

export interface CallObserver {
  readonly answered: (path: string) => void
  readonly failed: (path: string, reason: UpstreamFailureReason, caller: Claims) => void
}

export const defaults: ProxyOptions = {
  idleTimeoutMs: 120_000,
  totalTimeoutMs: 3_600_000,
  heartbeatMs: 15_000,
  maxListBytes: 16 * 1024 * 1024,
  maxEventBytes: 16 * 1024 * 1024,
  sessionSeconds: 24 * 3600
}

export interface ProxyRouterApi {
  /** Hot. `pathname` as the HTTP server normalised it. */
  readonly resolve: (pathname: string) => Resolution
  /** Resolves with the answer to relay, its body streaming, or with why there is none. Never rejects. */
  readonly forward: Forward
  /** Streams now open towards clients. */
  readonly openStreams: () => number
  /** For draining: ends the streams nobody awaits an answer on, or all. */
  readonly closeStreams: (which: "idle" | "all") => void
  /** Ends the streams whose caller no longer holds, in the words of their transport. To be asked often: a stream outlives what let it in. */
  readonly endLost: (holds: (claims: Claims) => boolean) => void
}

export class ProxyRouter extends Context.Tag("@mcpgw/proxy/ProxyRouter")<ProxyRouter, ProxyRouterApi>() {
  static layer(
    options: Partial<ProxyOptions> = {}
  ): Layer.Layer<ProxyRouter, never, Registry | Upstream | ScopePolicy | Credentials | KeyRing> {
    return Layer.scoped(ProxyRouter, make({ ...defaults, ...options }))
  }
}

const make = (options: ProxyOptions) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const upstream = yield* Upstream
    const policy = yield* ScopePolicy
    const credentials = yield* Credentials
    const keys = yield* KeyRing
    const streams = new OpenStreams()
    const deadlines = yield* Effect.acquireRelease(
      Effect.sync(() => new Deadlines()),
      (wheel) => Effect.sync(() => wheel.stop())
    )
    const dispatcher = new Dispatcher({ upstream, policy, credentials, keys, streams, deadlines, options })
    const { heartbeatMs, idleTimeoutMs, maxEventBytes, sessionSeconds } = options
    const forward: Forward = (outbound, onEnd) => dispatcher.forward(outbound, onEnd)
    const bridge = new SseBridge({
      keys,
      streams,
      deadlines,
      forward,
      heartbeatMs,
      stallMs: idleTimeoutMs,
      maxMessageBytes: maxEventBytes,
      sessionSeconds
    })
    return ProxyRouter.of({
      resolve: (pathname) => resolve(registry.snapshot(), pathname),
      forward: (outbound, onEnd) =>
        outbound.target.leg === "mcp" || speaksSse(outbound.target.server)
          ? dispatcher.forward(outbound, onEnd)
          : bridge.forward(outbound, onEnd),
      openStreams: () => streams.size,
      closeStreams: (which) => streams.close(which),
      endLost: (holds) => streams.endLost(holds)
    })
  })
