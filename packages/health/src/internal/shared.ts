/**
 * What this process shares with others over one store: turns, what it finds, what they find. Good news takes effect; that a server which is
 * well here is down elsewhere is doubted, so that one process that reaches nothing takes no server from the others. While the store is away it is alone: it checks
 * all servers itself, and tells nobody.
 */
import { isRoutable, type ServerRecord } from "@mcpgw/domain/Server"
import type { RegistryApi } from "@mcpgw/registry/Registry"
import type { StoreUnavailable } from "@mcpgw/registry/RegistryError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import type { Found, HealthStoreApi, Known, Times, Why } from "../HealthStore.ts"
import { MAX_RETRY_AFTER_SECONDS } from "./failure.ts"

export interface Shared {
  /** Undefined: it is this process's turn. Otherwise what is known; it has taken effect, unless it is doubted. */
  readonly claim: (record: ServerRecord, why: Why, intervalSeconds: number) => Effect.Effect<Known | undefined>
  readonly report: (found: Found, times?: Times) => Effect.Effect<void>
  readonly forget: (path: string, print: string) => Effect.Effect<void>
  /** Is it down, says another process, while it is well here? */
  readonly doubts: (known: Known) => boolean
  /** Lets it take effect. */
  readonly accept: (known: Known) => Effect.Effect<void>
  /** Follows the others, and answers what is known now, by path. */
  readonly follow: (ears: Ears) => Effect.Effect<ReadonlyMap<string, Known>, never, Scope.Scope>
}

export interface Ears {
  /** It has taken effect. */
  readonly heard: (known: Known) => void
  /** It has not; waits for nothing. */
  readonly doubted: (known: Known) => Effect.Effect<void>
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

/** The same of one registration, for the store: says nothing of what it is made of. */
export const printOf = (record: ServerRecord): string =>
  createHash("sha256")
    .update(`${record.registered_at} ${fingerprint(record)}`)
    .digest("base64url")
    .slice(0, 22)

/** A check takes ten seconds at most, and its list of tools is stored after it. */
const TURN_MS = 30_000

/** Has a check come to something, of the version that is there? */
const isOf = (known: Known, record: ServerRecord): boolean =>
  record.is_enabled && known.health.last_checked_iso !== null && known.print === printOf(record)

export const makeShared = (registry: RegistryApi, store: HealthStoreApi): Shared => {
  let heard: Ears["heard"] = () => {}

  const isNews = (known: Known): boolean => {
    const server = registry.get(known.path)
    return server !== undefined && isOf(known, server.record)
  }
  const doubts = (known: Known): boolean => {
    const here = registry.get(known.path)?.health
    return here !== undefined && isRoutable(here) && !isRoutable(known.health) && isNews(known)
  }
  const accept = (known: Known): Effect.Effect<void> =>
    Effect.suspend(() =>
      isNews(known) ? Effect.map(registry.setHealth(known.path, known.health), () => heard(known)) : Effect.void
    )
  const take = (known: Known, doubted: Ears["doubted"]): Effect.Effect<void> =>
    Effect.suspend(() => (doubts(known) ? doubted(known) : accept(known)))

  const orAlone = <A, B>(effect: Effect.Effect<A, StoreUnavailable>, otherwise: B): Effect.Effect<A | B> =>
    Effect.catchTag(effect, "StoreUnavailable", (error) =>
      Effect.as(Effect.logDebug("Health is not shared: the store is away", error.cause), otherwise)
    )

  return {
    claim: (record, why, intervalSeconds) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const longest = Math.max(2 * intervalSeconds, MAX_RETRY_AFTER_SECONDS) * 1_000
        const times = { now, until: now + TURN_MS, latest: now + longest + TURN_MS }
        const known = yield* orAlone(
          store.claim({ path: record.path, print: printOf(record), why, ...times }),
          undefined
        )
        if (known !== undefined) yield* take(known, () => Effect.void)
        return known
      }),
    report: (found, times) => orAlone(store.report(found, times), undefined),
    forget: (path, print) => orAlone(store.forget(path, print), undefined),
    doubts,
    accept,
    follow: (ears) =>
      Effect.gen(function* () {
        heard = ears.heard
        const watch = store.watch((found) =>
          Effect.forEach(found, (known) => take(known, ears.doubted), { discard: true })
        )
        // Before what is known is read, so that nothing is missed in between.
        yield* Effect.catchTag(watch, "StoreUnavailable", () =>
          Effect.forkScoped(Effect.retry(watch, Schedule.spaced("2 seconds")))
        )
        return new Map((yield* orAlone(store.all, [])).map((known) => [known.path, known]))
      })
  }
}
