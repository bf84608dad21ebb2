/**
 * The health monitor's loops: one fiber per enabled server, so that a dead or slow one delays no other, and one that follows the
 * registry. All end with the layer's scope.
 */
import { normalizePath } from "@mcpgw/domain/Ids"
import {
  BEING_CHECKED,
  isRoutable,
  NEVER_CHECKED,
  type RegisteredServer,
  type ServerRecord
} from "@mcpgw/domain/Server"
import { Registry, type RegistryApi, type RegistryChange } from "@mcpgw/registry/Registry"
import { ServerNotFound } from "@mcpgw/registry/RegistryError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { HealthMonitorApi, MonitorOptions } from "../HealthMonitor.ts"
import { HealthStore, type Known, type Why } from "../HealthStore.ts"
import { Probe } from "../Probe.ts"
import { type Calls, watchCalls } from "./calls.ts"
import { type Checked, type Checks, intervalOf, makeChecks } from "./checks.ts"
import { fingerprint, makeShared, printOf, type Shared } from "./shared.ts"

/** Start-up checks begin within this much per server beyond the first few, so that a thousand servers do not burst. */
const SPREAD_MS_PER_SERVER = 10
const AT_ONCE = 16
/** Who does not check a server itself asks for what was found a little later than who does: by this part of its interval. */
const AFTER = [0.01, 0.1] as const
/** A server that changes faster than it can be checked is not waited for longer. */
const MAX_SUPERSEDED = 5

export const makeMonitor = (
  options: MonitorOptions
): Effect.Effect<HealthMonitorApi, never, HealthStore | Probe | Registry | Scope.Scope> =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const shared = makeShared(registry, yield* HealthStore)
    const checks = yield* makeChecks({ registry, probe: yield* Probe, shared, options })
    const calls = yield* watchCalls(registry, checks, shared)
    const parts = { registry, checks, options, calls, shared }
    const watch = yield* makeWatch(parts)
    const changes = yield* registry.subscribe
    const doubted = yield* makeDoubts(checks)
    yield* watch.sweep(options.startDelayMs ?? 0, yield* shared.follow({ heard: calls.heard, doubted }))
    yield* changes.pipe(Stream.runForEach(watch.follow), Effect.forkScoped)
    // A change that fell off a full queue is made up for here.
    yield* Effect.sleep(Duration.seconds(options.intervalSeconds)).pipe(
      Effect.zipRight(watch.sweep(0, NOTHING)),
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
    const checked = yield* checks.check(path, "asked")
    // None: the server changed under the check; what holds is what a check of it as it is now says. Nor was it one that found another's turn.
    if (Option.isSome(checked) && checked.value.own) return checked.value.health
    return attempts === 0 ? server.health : yield* probeNow(registry, checks, path, attempts - 1)
  })

/** Looks, at once and beside everything else, whether servers are down as others say: after calls not while the server wants to rest. */
const makeDoubts = (checks: Checks): Effect.Effect<(known: Known) => Effect.Effect<void>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const looks = yield* FiberMap.make<string>()
    return (known) => {
      const look = Effect.gen(function* () {
        const rest = known.byCalls ? known.restUntil - (yield* Clock.currentTimeMillis) : 0
        yield* Effect.sleep(Math.max(0, rest))
        yield* checks.confirm(known)
      })
      // The latest news counts; a look in flight goes on.
      return Effect.asVoid(FiberMap.run(looks, known.path, look))
    }
  })

/** What other processes know of servers, by path. */
type KnownServers = ReadonlyMap<string, Known>

const NOTHING: KnownServers = new Map()

interface Watch {
  readonly follow: (change: RegistryChange) => Effect.Effect<void>
  /** Makes the loops agree with the snapshot; those begun check after the delay and their part of the spread, unless others have. */
  readonly sweep: (delayMs: number, known: KnownServers) => Effect.Effect<void>
}

interface Parts {
  readonly registry: RegistryApi
  readonly checks: Checks
  readonly options: MonitorOptions
  readonly calls: Calls
  readonly shared: Shared
}

const makeWatch = (parts: Parts): Effect.Effect<Watch, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { calls, registry } = parts
    const loops = yield* makeLoops(parts)

    const sync = (path: string, server: RegisteredServer | undefined, delayMs: number, known?: Known) =>
      Effect.gen(function* () {
        if (server === undefined) {
          calls.forget(path)
          return yield* loops.end(path)
        }
        if (!server.record.is_enabled) {
          yield* loops.end(path)
          if (server.health.status === "disabled") return
          return yield* registry.setHealth(path, { ...server.health, status: "disabled" })
        }
        // Never checked and not being checked: it was registered anew, switched on, or moved.
        const idle = server.health.status === "unknown" && server.health.last_checked_iso === null
        if (idle || loops.watched.get(path)?.fingerprint !== fingerprint(server.record)) {
          yield* loops.begin(server, delayMs, known)
        }
      })

    return {
      follow: ({ kind, path }) =>
        // As the server is now: the event may be older.
        kind === "health" || kind === "tools" ? Effect.void : sync(path, registry.get(path), 0),
      sweep: (delayMs, known) =>
        Effect.gen(function* () {
          const { servers } = registry.snapshot()
          const spread = Math.max(0, servers.size - AT_ONCE) * SPREAD_MS_PER_SERVER
          for (const path of loops.watched.keys()) if (registry.get(path) === undefined) yield* loops.end(path)
          for (const path of servers.keys()) {
            const own = spread === 0 ? 0 : yield* Random.nextRange(0, spread)
            yield* sync(path, registry.get(path), delayMs + own, known.get(path))
          }
        })
    }
  })

/** What a loop checks. */
interface Watched {
  readonly fingerprint: string
  readonly print: string
}

interface Loops {
  /** Of each running loop, by path. */
  readonly watched: ReadonlyMap<string, Watched>
  /** Starts the server's loop anew, from what others know of it. */
  readonly begin: (server: RegisteredServer, delayMs: number, known: Known | undefined) => Effect.Effect<void>
  /** The server is gone or off, and what was known of it means nothing any more. */
  readonly end: (path: string) => Effect.Effect<void>
}

const makeLoops = (parts: Parts): Effect.Effect<Loops, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { checks, registry, shared } = parts
    const fibers = yield* FiberMap.make<string>()
    const watched = new Map<string, Watched>()
    const stop = (path: string) => Effect.zipRight(FiberMap.remove(fibers, path), checks.cancel(path))
    return {
      watched,
      end: (path) =>
        Effect.gen(function* () {
          const last = watched.get(path)
          watched.delete(path)
          yield* stop(path)
          if (last !== undefined) yield* shared.forget(path, last.print)
        }),
      begin: ({ record }, delayMs, known) =>
        Effect.gen(function* () {
          const { path } = record
          yield* stop(path)
          const print = printOf(record)
          watched.set(path, { fingerprint: fingerprint(record), print })
          const health = known?.print === print && known.health.last_checked_iso !== null ? known.health : BEING_CHECKED
          yield* registry.setHealth(path, health)
          // That a server is down is not taken from before a start without a look.
          const why = isRoutable(health) ? "due" : "failed"
          yield* FiberMap.run(fibers, path, loop(parts, record, why, delayMs))
        })
    }
  })

/** Checks one server for ever, or asks for what others found. The first check is urgent unless it was spread out. */
const loop = ({ checks, options }: Parts, record: ServerRecord, first: Why, delayMs: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const interval = intervalOf(options, record) * 1_000
    yield* Effect.sleep(delayMs)
    let checked = yield* checks.check(record.path, first, delayMs === 0)
    while (true) {
      yield* Effect.sleep(yield* waitAfter(checked, interval))
      checked = yield* checks.check(record.path, "due", false)
    }
  })

/** Milliseconds until a loop has something to do again. */
const waitAfter = (checked: Option.Option<Checked>, interval: number): Effect.Effect<number> =>
  Effect.gen(function* () {
    if (Option.isNone(checked)) return interval * (yield* Random.nextRange(0.9, 1.1))
    const { due, own } = checked.value
    const wait = Math.max(0, due - (yield* Clock.currentTimeMillis))
    return own ? wait : wait + interval * (yield* Random.nextRange(...AFTER))
  })
