/**
 * The health monitor's loops: one fiber per enabled server, so that a dead or slow one delays no other, and one that follows the
 * registry. All end with the layer's scope.
 */
import { normalizePath } from "@mcpgw/domain/Ids"
import { NEVER_CHECKED, type RegisteredServer } from "@mcpgw/domain/Server"
import { Registry, type RegistryApi, type RegistryChange } from "@mcpgw/registry/Registry"
import { ServerNotFound } from "@mcpgw/registry/RegistryError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { HealthMonitorApi, MonitorOptions } from "../HealthMonitor.ts"
import { Probe } from "../Probe.ts"
import { watchCalls } from "./calls.ts"
import { type Checks, fingerprint, makeChecks } from "./checks.ts"

/** Start-up checks begin within this much per server beyond the first few, so that a thousand servers do not burst. */
const SPREAD_MS_PER_SERVER = 10
const AT_ONCE = 16
/** A server can not put its next check off for longer. */
const MAX_RETRY_AFTER_SECONDS = 600
/** A server that changes faster than it can be checked is not waited for longer. */
const MAX_SUPERSEDED = 5

export const makeMonitor = (
  options: MonitorOptions
): Effect.Effect<HealthMonitorApi, never, Probe | Registry | Scope.Scope> =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const probe = yield* Probe
    const checks = yield* makeChecks(registry, probe, options)
    const calls = yield* watchCalls(registry, checks)
    const watch = yield* makeWatch(registry, checks, options)
    const changes = yield* registry.subscribe
    yield* watch.sweep(options.startDelayMs ?? 0)
    yield* changes.pipe(Stream.runForEach(watch.follow), Effect.forkScoped)
    // A change that fell off a full queue is made up for here.
    yield* Effect.sleep(Duration.seconds(options.intervalSeconds)).pipe(
      Effect.zipRight(watch.sweep(0)),
      Effect.forever,
      Effect.forkScoped
    )
    return {
      status: (path) => registry.get(path)?.health ?? NEVER_CHECKED,
      probeNow: (path) => probeNow(registry, checks, normalizePath(path), MAX_SUPERSEDED),
      calls
    }
  })

const probeNow = (
  registry: RegistryApi,
  checks: Checks,
  path: string,
  attempts: number
): ReturnType<HealthMonitorApi["probeNow"]> =>
  Effect.gen(function* () {
    const server = registry.get(path)
    if (server === undefined) return yield* new ServerNotFound({ path })
    if (!server.record.is_enabled) return { status: "disabled", last_checked_iso: server.health.last_checked_iso }
    const checked = yield* checks.check(path, true)
    // None: the server changed under the check; what holds is what a check of it as it is now says.
    if (Option.isSome(checked)) return checked.value.health
    return attempts === 0 ? server.health : yield* probeNow(registry, checks, path, attempts - 1)
  })

interface Watch {
  readonly follow: (change: RegistryChange) => Effect.Effect<void>
  /** Makes the loops agree with the snapshot; those begun check after the delay and their part of the spread. */
  readonly sweep: (delayMs: number) => Effect.Effect<void>
}

const makeWatch = (
  registry: RegistryApi,
  checks: Checks,
  options: MonitorOptions
): Effect.Effect<Watch, never, Scope.Scope> =>
  Effect.gen(function* () {
    const loops = yield* makeLoops(registry, checks, options)

    const sync = (path: string, server: RegisteredServer | undefined, delayMs: number) =>
      Effect.gen(function* () {
        if (server === undefined) return yield* loops.end(path)
        if (!server.record.is_enabled) {
          yield* loops.end(path)
          if (server.health.status === "disabled") return
          return yield* registry.setHealth(path, { ...server.health, status: "disabled" })
        }
        // Never checked and not being checked: it was registered anew, switched on, or moved.
        const idle = server.health.status === "unknown" && server.health.last_checked_iso === null
        if (idle || loops.watched.get(path) !== fingerprint(server.record)) yield* loops.begin(server, delayMs)
      })

    return {
      follow: ({ kind, path }) =>
        // As the server is now: the event may be older.
        kind === "health" || kind === "tools" ? Effect.void : sync(path, registry.get(path), 0),
      sweep: (delayMs) =>
        Effect.gen(function* () {
          const { servers } = registry.snapshot()
          const spread = Math.max(0, servers.size - AT_ONCE) * SPREAD_MS_PER_SERVER
          for (const path of loops.watched.keys()) if (registry.get(path) === undefined) yield* loops.end(path)
          for (const path of servers.keys()) {
            const own = spread === 0 ? 0 : yield* Random.nextRange(0, spread)
            yield* sync(path, registry.get(path), delayMs + own)
          }
        })
    }
  })

interface Loops {
  /** What each running loop checks, by path. */
  readonly watched: ReadonlyMap<string, string>
  /** Starts the server's loop anew. */
  readonly begin: (server: RegisteredServer, delayMs: number) => Effect.Effect<void>
  readonly end: (path: string) => Effect.Effect<void>
}

const makeLoops = (
  registry: RegistryApi,
  checks: Checks,
  options: MonitorOptions
): Effect.Effect<Loops, never, Scope.Scope> =>
  Effect.gen(function* () {
    const fibers = yield* FiberMap.make<string>()
    const watched = new Map<string, string>()
    const end = (path: string) =>
      Effect.suspend(() => {
        watched.delete(path)
        return Effect.zipRight(FiberMap.remove(fibers, path), checks.cancel(path))
      })
    return {
      watched,
      end,
      begin: ({ record }, delayMs) =>
        Effect.gen(function* () {
          yield* end(record.path)
          watched.set(record.path, fingerprint(record))
          yield* registry.setHealth(record.path, { status: "checking", last_checked_iso: null })
          yield* FiberMap.run(
            fibers,
            record.path,
            loop(checks, record.health_interval_seconds ?? options.intervalSeconds, record.path, delayMs)
          )
        })
    }
  })

/** Checks one server for ever. The first check is urgent unless it was spread out. */
const loop = (checks: Checks, intervalSeconds: number, path: string, delayMs: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* Effect.sleep(delayMs)
    let urgent = delayMs === 0
    while (true) {
      const checked = yield* checks.check(path, urgent)
      urgent = false
      const asked = Option.match(checked, { onNone: () => 0, onSome: ({ retryAfterSeconds }) => retryAfterSeconds })
      const jittered = intervalSeconds * (yield* Random.nextRange(0.9, 1.1))
      yield* Effect.sleep(Duration.seconds(Math.max(jittered, Math.min(asked, MAX_RETRY_AFTER_SECONDS))))
    }
  })
