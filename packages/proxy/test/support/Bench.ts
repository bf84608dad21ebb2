/** A router with a policy, a registry and keys of its own, over whatever server a law brings. */
import { KeyRing } from "@mcpgw/domain/KeyRing"
import type { Upstream } from "@mcpgw/egress/Upstream"
import { ScopePolicy, type ScopePolicyApi } from "@mcpgw/policy/ScopePolicy"
import { layerOf as policyOf } from "@mcpgw/policy/ScopePolicyLayers"
import { Registry, type RegistryApi } from "@mcpgw/registry/Registry"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Credentials } from "../../src/Credentials.ts"
import { type ProxyOptions, ProxyRouter, type ProxyRouterApi } from "../../src/ProxyRouter.ts"
import { SessionGate } from "../../src/SessionGate.ts"
import { type CallOptions, forward, type Outcome, outboundOf, RULES } from "./Call.ts"

export type Handler = (request: Request) => Response | Promise<Response>

export interface ServerFixture {
  readonly layer: Layer.Layer<Upstream>
  /** Without a path. */
  readonly url: string
}

export type Serve = (handler: Handler) => Effect.Effect<ServerFixture, never, Scope.Scope>

/** What a law works with. */
export interface Bench {
  readonly router: ProxyRouterApi
  readonly policy: ScopePolicyApi
  readonly registry: RegistryApi
  readonly gate: SessionGate
  readonly keys: typeof KeyRing.Service
  readonly call: (options?: CallOptions) => Promise<Outcome>
}

/** A router over `fixture`, with servers at `/time` and `/other`, and one at `/asking` that says it asks its callers who they are. */
export const benchOver = (fixture: ServerFixture, options: Partial<ProxyOptions> = {}) =>
  Effect.gen(function* () {
    const below = Layer.mergeAll(
      fixture.layer,
      Layer.provide(Registry.layer, RegistryStore.layerMemory),
      policyOf(RULES),
      Credentials.layerClient,
      KeyRing.layerEphemeral
    )
    const context = yield* Layer.build(Layer.provideMerge(ProxyRouter.layer(options), below))
    const services = Effect.all([ProxyRouter, ScopePolicy, Registry, KeyRing])
    const [router, policy, registry, keys] = yield* Effect.provide(services, context)
    for (const [path, base] of [
      ["/time", ""],
      ["/other", "base/"],
      ["/asking", ""]
    ] as const) {
      const auth = path === "/asking" ? { auth_type: "oauth" } : {}
      const server = { server_name: path, path, proxy_pass_url: fixture.url + base, trusted_address: true, ...auth }
      yield* registry.register(server, "admin")
    }
    const call = (more: CallOptions = {}) => forward(router, outboundOf(router, policy, more))
    return { router, policy, registry, keys, gate: new SessionGate(keys), call } satisfies Bench
  }).pipe(Effect.orDie)

/** Runs `body` on a fresh bench over a server that answers with `handler`. */
export type Law = (
  title: string,
  handler: Handler,
  body: (bench: Bench) => Promise<void>,
  options?: Partial<ProxyOptions>
) => void
