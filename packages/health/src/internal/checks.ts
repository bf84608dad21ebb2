/**
 * Single checks of the health monitor: at most one in flight per path, whoever asks; results reach the registry unless the
 * server changed meanwhile. Decides nothing about when.
 */
import type { Health, HealthStatus, RegisteredServer, ServerRecord } from "@mcpgw/domain/Server"
import type { RegistryApi } from "@mcpgw/registry/Registry"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberMap from "effect/FiberMap"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { MonitorOptions } from "../HealthMonitor.ts"
import type { ProbeApi, ProbeResult } from "../Probe.ts"

/** What a finished check came to. */
export interface Checked {
  readonly health: Health
  /** The server asked not to be called for so long. */
  readonly retryAfterSeconds: number
}

export interface Checks {
  /**
   * Checks the server, or waits for the check in flight. None when there is no answer that still counts: the server is gone,
   * disabled or changed meanwhile.
   */
  readonly check: (path: string, urgent: boolean) => Effect.Effect<Option.Option<Checked>>
  /** Ends the check in flight, if any; whoever waits for it gets None. */
  readonly cancel: (path: string) => Effect.Effect<void>
}

/** All a check depends on; a result counts only while this holds. */
export const fingerprint = (record: ServerRecord): string =>
  JSON.stringify([
    record.proxy_pass_url,
    record.mcp_endpoint,
    record.sse_endpoint,
    record.supported_transports,
    record.headers,
    record.trusted_address,
    record.auth_scheme,
    record.auth_header_name,
    record.credential_ref,
    record.health_interval_seconds
  ])

/** After so many answers of "come back later" in a row, a server that did answer before counts as what it says. */
const MAX_HELD = 3

const DEFAULT_CONCURRENCY = 16

export const makeChecks = (
  registry: RegistryApi,
  probe: ProbeApi,
  options: MonitorOptions
): Effect.Effect<Checks, never, Scope.Scope> =>
  Effect.gen(function* () {
    const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY
    const background = yield* Effect.makeSemaphore(concurrency)
    const pressing = yield* Effect.makeSemaphore(concurrency)
    const running = yield* FiberMap.make<string, Option.Option<Checked>>()
    const held = new Map<string, number>()

    const start = (server: RegisteredServer, urgent: boolean) =>
      FiberMap.run(
        running,
        server.record.path,
        (urgent ? pressing : background).withPermits(1)(runCheck(registry, probe, options, held, server))
      )

    return {
      check: (path, urgent) =>
        Effect.gen(function* () {
          const server = registry.get(path)
          if (server === undefined || !server.record.is_enabled) return Option.none()
          const inFlight = Option.getOrUndefined(FiberMap.unsafeGet(running, server.record.path))
          const exit = yield* Fiber.await(inFlight ?? (yield* start(server, urgent)))
          return Exit.isSuccess(exit) ? exit.value : Option.none()
        }),
      cancel: (path) => {
        held.delete(path)
        return FiberMap.remove(running, path)
      }
    }
  })

const runCheck = (
  registry: RegistryApi,
  probe: ProbeApi,
  options: MonitorOptions,
  held: Map<string, number>,
  { record, health: before }: RegisteredServer
): Effect.Effect<Option.Option<Checked>> =>
  Effect.gen(function* () {
    if (before.last_checked_iso === null && before.status !== "checking") {
      yield* registry.setHealth(record.path, { status: "checking", last_checked_iso: null })
    }
    const startedAt = yield* Clock.currentTimeMillis
    const result = yield* probe.probe(record).pipe(Effect.catchAllDefect(broken))
    const endedAt = yield* Clock.currentTimeMillis
    const now = registry.get(record.path)
    if (now === undefined || !now.record.is_enabled || fingerprint(now.record) !== fingerprint(record)) {
      return Option.none()
    }
    const status = settle(held, record.path, before.status, result)
    const health: Health = { status, last_checked_iso: new Date(endedAt).toISOString() }
    yield* storeTools(registry, record.path, result)
    yield* registry.setHealth(record.path, health)
    yield* observe(options, record.path, status, (endedAt - startedAt) / 1000)
    return Option.some({ health, retryAfterSeconds: result.retryAfterSeconds ?? 0 })
  })

/** A probe never fails; one that does is at fault itself, and must not end the monitor. */
const broken = (defect: unknown): Effect.Effect<ProbeResult> =>
  Effect.as(Effect.logError("probe broke", defect), { status: "error: the probe itself failed", tools: undefined })

/** The status that holds now: "come back later" leaves what was known to be good, for a while. */
const settle = (held: Map<string, number>, path: string, before: HealthStatus, result: ProbeResult): HealthStatus => {
  const times = held.get(path) ?? 0
  const wasGood = before === "healthy" || before === "healthy-auth-expired"
  if (result.retryAfterSeconds !== undefined && wasGood && times < MAX_HELD) {
    held.set(path, times + 1)
    return before
  }
  held.delete(path)
  return result.status
}

/** Before health, so that whoever sees a server become healthy sees its tools. */
const storeTools = (registry: RegistryApi, path: string, { listed, tools }: ProbeResult): Effect.Effect<void> =>
  tools === undefined
    ? Effect.void
    : registry
        .setTools(path, tools, listed)
        .pipe(Effect.catchAll((cause) => Effect.logWarning("tool inventory not stored", { server: path }, cause)))

const observe = (
  { onChecked }: MonitorOptions,
  path: string,
  status: HealthStatus,
  seconds: number
): Effect.Effect<void> =>
  onChecked === undefined
    ? Effect.void
    : Effect.try(() => onChecked(path, status, seconds)).pipe(
        Effect.catchAll((cause) => Effect.logWarning("health observer failed", cause))
      )
