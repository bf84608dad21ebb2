/**
 * Looks at the files of certificate and key while the gateway runs, and hands on a new pair. By interval and through symbolic links, so
 * that an edit, a rename and the swapped folder of a Kubernetes secret are seen alike. A pair that can not be used changes nothing: it is
 * logged once and stands in the status.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { stat } from "node:fs/promises"
import type { PortUnavailable } from "./PortUnavailable.ts"
import { readPair, type TlsPair, type TlsPaths, type TlsUnusable } from "./TlsPair.ts"

export interface TlsStatus {
  /** When the certificate that is shown ends, ISO 8601. */
  readonly expires: string
  /** Why the files as they are now were not taken; null when they are what is used. */
  readonly problem: string | null
}

/** Files are judged when two looks in a row found them the same: they are two, and are not written at once. */
const INTERVAL = "500 millis"

/** Enough of `stat` to see a change; the path alone when there is no file. */
const stampOf = (path: string): Effect.Effect<string> =>
  Effect.tryPromise(() => stat(path)).pipe(
    Effect.map(({ ctimeMs, dev, ino, mtimeMs, size }) => `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`),
    Effect.orElseSucceed(() => path)
  )

/**
 * Begins to look, until the scope closes. `first` is in use; `take` puts another in its place. Yields what to say of it at any time.
 */
export const watchPair = (
  paths: TlsPaths,
  first: TlsPair,
  take: (pair: TlsPair) => Effect.Effect<void, PortUnavailable>
): Effect.Effect<() => TlsStatus, never, Scope.Scope> =>
  Effect.gen(function* () {
    let used = first
    let problem: string | null = null
    let seen = ""
    let judged = ""

    const judge = Effect.gen(function* () {
      const pair = yield* readPair(paths)
      if (pair.cert !== used.cert || pair.key !== used.key) {
        yield* take(pair)
        used = pair
        yield* Effect.logInfo("TLS certificate taken").pipe(Effect.annotateLogs({ expires: pair.expires }))
      }
      problem = null
    })

    const kept = (error: TlsUnusable | PortUnavailable): Effect.Effect<void> => {
      const unusable = error._tag === "TlsUnusable"
      // The same files will not become better; the port may.
      if (!unusable) judged = ""
      const said = unusable ? error.short : error.message
      if (said === problem) return Effect.void
      problem = said
      return Effect.logWarning("TLS certificate kept as it was").pipe(Effect.annotateLogs({ problem: error.message }))
    }

    const look = Effect.gen(function* () {
      const stamp = `${yield* stampOf(paths.cert)} ${yield* stampOf(paths.key)}`
      const settled = stamp === seen
      seen = stamp
      if (!settled || stamp === judged) return
      judged = stamp
      yield* Effect.catchAll(judge, kept)
    })

    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(INTERVAL), look)))
    return () => ({ expires: used.expires, problem })
  })
