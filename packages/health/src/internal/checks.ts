/**
 * Single checks of the health monitor: at most one in flight per path, whoever asks, and by one process at a time; results reach the registry,
 * and the other processes, unless the server changed meanwhile. That a server is down where another process looks is believed after a look
 * from here, of which the others are told nothing.
 */
import {
  BEING_CHECKED,
  type Health,
  type HealthStatus,
  isRoutable,
  type RegisteredServer,
  type ServerRecord
} from "@mcpgw/domain/Server"
import { makeTurns } from "@mcpgw/domain/Turns"
import type { RegistryApi } from "@mcpgw/registry/Registry"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberMap from "effect/FiberMap"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { MonitorOptions } from "../HealthMonitor.ts"
import type { Known, Times, Why } from "../HealthStore.ts"
import type { ProbeApi, ProbeResult } from "../Probe.ts"
import { MAX_RETRY_AFTER_SECONDS } from "./failure.ts"
import { fingerprint, printOf, type Shared } from "./shared.ts"

/** What is known of a server after a check. */
export interface Checked extends Times {
  readonly health: Health
  /** False: it was another process's turn, and this is what holds here. */
  readonly own: boolean
}

export interface Checks {
  /**
   * Checks the server, or waits for the check in flight; what the store knows, when it is not this process's turn. Urgent ones wait behind no
   * others. None when there is no answer that still counts: the server is gone, disabled or changed meanwhile.
   */
  readonly check: (path: string, why: Why, urgent?: boolean) => Effect.Effect<Option.Option<Checked>>
  /** Looks whether a server is down from here as well, as another process says, unless that is no news any more. */
  readonly confirm: (known: Known) => Effect.Effect<void>
  /** Ends the check in flight, if any; whoever waits for it gets None. */
  readonly cancel: (path: string) => Effect.Effect<void>
}

/** After so many answers of "come back later" in a row, a server that did answer before counts as what it says. */
const MAX_HELD = 3

const DEFAULT_CONCURRENCY = 16

interface Parts {
  readonly registry: RegistryApi
  readonly probe: ProbeApi
  readonly shared: Shared
  readonly options: MonitorOptions
}

export const makeChecks = (parts: Parts): Effect.Effect<Checks, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { options, registry } = parts
    const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY
    const background = makeTurns(concurrency)
    const pressing = makeTurns(concurrency)
    /** A process that reaches nothing says so of all servers at once; who asks for a check here does not wait for those. */
    const confirming = makeTurns(concurrency)
    const running = yield* FiberMap.make<string, Option.Option<Checked>>()
    const held = new Map<string, number>()

    const inFlight = (path: string) => Option.getOrUndefined(FiberMap.unsafeGet(running, path))
    const start = (server: RegisteredServer, why: Why, urgent: boolean) =>
      FiberMap.run(running, server.record.path, (urgent ? pressing : background)(runCheck(parts, held, server, why)))

    const confirm = (known: Known): Effect.Effect<void> =>
      Effect.gen(function* () {
        const server = registry.get(known.path)
        if (server === undefined || !parts.shared.doubts(known)) return
        const other = inFlight(server.record.path)
        const look = confirming(confirmed(parts, held, server.record, known))
        yield* Fiber.await(other ?? (yield* FiberMap.run(running, server.record.path, look)))
        // What was in flight may have begun before the news.
        if (other !== undefined) yield* confirm(known)
      })

    return {
      check: (path, why, urgent = true) =>
        Effect.gen(function* () {
          const server = registry.get(path)
          if (server === undefined || !server.record.is_enabled) return Option.none()
          const exit = yield* Fiber.await(inFlight(server.record.path) ?? (yield* start(server, why, urgent)))
          return Exit.isSuccess(exit) ? exit.value : Option.none()
        }),
      confirm,
      cancel: (path) => {
        held.delete(path)
        return FiberMap.remove(running, path)
      }
    }
  })

/** Seconds between two checks of it. */
export const intervalOf = ({ intervalSeconds }: MonitorOptions, record: ServerRecord): number =>
  record.health_interval_seconds ?? intervalSeconds

const runCheck = (
  parts: Parts,
  held: Map<string, number>,
  { health, record }: RegisteredServer,
  why: Why
): Effect.Effect<Option.Option<Checked>> =>
  Effect.gen(function* () {
    const { options, registry, shared } = parts
    if (health.last_checked_iso === null && health.status !== "checking") {
      yield* registry.setHealth(record.path, BEING_CHECKED)
    }
    const known = yield* shared.claim(record, why, intervalOf(options, record))
    if (known === undefined) return yield* probed(parts, held, record)
    if (shared.doubts(known)) return yield* confirmed(parts, held, record, known)
    return Option.some({ ...known, own: false })
  })

/** What a look at the server came to; none when it changed meanwhile. */
const looked = ({ options, probe, registry }: Parts, held: Map<string, number>, record: ServerRecord) =>
  Effect.gen(function* () {
    const { path } = record
    const before = registry.get(path)?.health.status ?? "unknown"
    const startedAt = yield* Clock.currentTimeMillis
    const result = yield* probe.probe(record).pipe(Effect.catchAllDefect(broken))
    const endedAt = yield* Clock.currentTimeMillis
    const now = registry.get(path)
    if (now === undefined || !now.record.is_enabled || fingerprint(now.record) !== fingerprint(record)) {
      return undefined
    }
    const status = settle(held, path, before, result)
    const health: Health = { status, last_checked_iso: new Date(endedAt).toISOString() }
    const times = yield* timesOf(intervalOf(options, record), endedAt, result)
    yield* storeTools(registry, path, result)
    return { health, times, seconds: (endedAt - startedAt) / 1_000 }
  })

const probed = (parts: Parts, held: Map<string, number>, record: ServerRecord): Effect.Effect<Option.Option<Checked>> =>
  Effect.gen(function* () {
    const { options, registry, shared } = parts
    const { path } = record
    const look = yield* looked(parts, held, record)
    if (look === undefined) return Option.none()
    const { health, seconds, times } = look
    yield* registry.setHealth(path, health)
    yield* observe(options, path, health.status, seconds)
    yield* shared.report({ path, print: printOf(record), health, byCalls: false }, times)
    return Option.some({ health, ...times, own: true })
  })

/**
 * Down, as another process says? Where it is well from here it stays so, and the others are told nothing: each knows what it reaches. While
 * the server wants to be left alone its word to a check of another counts, and what calls say does not.
 */
const confirmed = (
  parts: Parts,
  held: Map<string, number>,
  record: ServerRecord,
  known: Known
): Effect.Effect<Option.Option<Checked>> =>
  Effect.gen(function* () {
    const { options, registry, shared } = parts
    const { path } = record
    const before = registry.get(path)?.health
    const stands = (due: number, restUntil: number) => ({
      health: registry.get(path)?.health ?? known.health,
      due: Math.max(due, known.due),
      restUntil: Math.max(restUntil, known.restUntil),
      own: false
    })
    if (known.restUntil > (yield* Clock.currentTimeMillis)) {
      if (!known.byCalls) yield* shared.accept(known)
      return Option.some(stands(0, 0))
    }
    const look = yield* looked(parts, held, record)
    if (look === undefined) return Option.none()
    const { health, seconds, times } = look
    yield* observe(options, path, health.status, seconds)
    // Answered, or said to be well, meanwhile: that is newer.
    if (registry.get(path)?.health !== before) return Option.some(stands(0, 0))
    yield* isRoutable(health) ? registry.setHealth(path, health) : shared.accept(known)
    return Option.some(stands(times.restUntil === 0 ? 0 : times.due, times.restUntil))
  })

/** The interval, ±10 %, or longer when the server asked for it. */
const timesOf = (intervalSeconds: number, endedAt: number, { retryAfterSeconds = 0 }: ProbeResult) =>
  Effect.map(Random.nextRange(0.9, 1.1), (by): Times => {
    const rest = Math.min(retryAfterSeconds, MAX_RETRY_AFTER_SECONDS)
    const due = endedAt + Math.ceil(Math.max(intervalSeconds * by, rest) * 1_000)
    return { due, restUntil: rest === 0 ? 0 : endedAt + Math.ceil(rest * 1_000) }
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
