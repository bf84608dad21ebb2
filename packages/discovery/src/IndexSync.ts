/**
 * **IndexSync** keeps the discovery index in step with the registry, in the background: everything at start, then each change.
 * Compares what should be indexed with what is, after a failure of everything, so that a failed step is made up for by the next pass. Never
 * fatal, never in a request's way, and knows nothing of callers.
 */
import type { ServerRecord } from "@mcpgw/domain/Server"
import { turn } from "@mcpgw/registry/EventLoop"
import { Registry } from "@mcpgw/registry/Registry"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { DiscoveryIndex } from "./DiscoveryIndex.ts"
import type { DiscoveryIndexApi } from "./DiscoveryIndex.ts"
import type { DiscoveryError } from "./DiscoveryError.ts"

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000
/** Of so many changes at once some may have been missed: everything is compared again. */
const MANY = 1_000

/** What the index holds as far as we know: a record once we put it there, undefined for what an earlier run left. */
type Indexed = Map<string, ServerRecord | undefined>

/** Runs one step; on failure remembers the first cause and goes on. */
const attempt = (failures: Array<Cause.Cause<DiscoveryError>>, step: Effect.Effect<void, DiscoveryError>) =>
  Effect.catchAllCause(step, (cause) =>
    Cause.isInterruptedOnly(cause) ? Effect.failCause(cause) : Effect.sync(() => void failures.push(cause))
  )

/** Brings the index to what the registry says of these paths, a server at a time, and answers what went wrong. */
const pass = (
  { index, indexed, registry }: { index: DiscoveryIndexApi; indexed: Indexed; registry: Registry["Type"] },
  paths: Iterable<string>
) =>
  Effect.gen(function* () {
    const failures: Array<Cause.Cause<DiscoveryError>> = []
    for (const path of paths) {
      const held = registry.get(path)?.record
      // It also knows a path by other spellings.
      const record = held?.path === path ? held : undefined
      if (record === undefined ? !indexed.has(path) : indexed.get(path) === record) continue
      const step =
        record === undefined
          ? Effect.tap(index.remove(path), () => Effect.sync(() => indexed.delete(path)))
          : Effect.tap(index.upsert(record), () => Effect.sync(() => indexed.set(path, record)))
      yield* attempt(failures, step)
      // Requests are served between two servers: a large catalog must not hold the thread at start.
      yield* turn
    }
    return failures
  })

/** `changed`: where changes were since the last look; it is emptied. */
const follow = (
  registry: Registry["Type"],
  index: DiscoveryIndexApi,
  changed: Set<string>,
  wake: Queue.Dequeue<void>
) =>
  Effect.gen(function* () {
    const indexed: Indexed = new Map()
    const everything = () => new Set([...indexed.keys(), ...registry.snapshot().servers.keys()])
    let paths: () => Iterable<string> = everything
    let known = false
    let retryMs = FIRST_RETRY_MS
    const load = Effect.map(index.paths, (paths) => {
      for (const path of paths) indexed.set(path, indexed.get(path))
      known = true
    })
    while (true) {
      const failures: Array<Cause.Cause<DiscoveryError>> = []
      if (!known) yield* attempt(failures, load)
      const now = paths()
      changed.clear()
      failures.push(...(yield* pass({ index, indexed, registry }, now)))
      const [first] = failures
      paths = first === undefined ? () => (changed.size > MANY ? everything() : [...changed]) : everything
      if (first === undefined) {
        retryMs = FIRST_RETRY_MS
        yield* Queue.take(wake)
      } else {
        yield* Effect.logWarning(`${failures.length} index updates failed; trying again in ${retryMs} ms`, first)
        yield* Effect.raceFirst(Queue.take(wake), Effect.sleep(Duration.millis(retryMs)))
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
      }
    }
  })

/** Runs until its scope closes. */
export const layer: Layer.Layer<never, never, Registry | DiscoveryIndex> = Layer.scopedDiscard(
  Effect.gen(function* () {
    const registry = yield* Registry
    const index = yield* DiscoveryIndex
    const changed = new Set<string>()
    const wake = yield* Queue.sliding<void>(1)
    const changes = yield* registry.subscribe
    yield* changes.pipe(
      Stream.filter((change) => change.kind !== "health"),
      Stream.runForEach(({ path }) => {
        changed.add(path)
        return Queue.offer(wake, undefined)
      }),
      Effect.forkScoped
    )
    yield* Effect.forkScoped(follow(registry, index, changed, wake))
  })
)
