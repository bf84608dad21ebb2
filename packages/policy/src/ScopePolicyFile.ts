/**
 * `ScopePolicy` over a file that may change at any time: edited in place, replaced by a rename, broken, gone.
 * A change takes effect within a second; what can not be used changes nothing, is logged once and stands in `status`.
 * Only reads; never writes the file, not even the default text.
 */
import { watch } from "node:fs"
import { readFile, stat } from "node:fs/promises"
import { basename, dirname } from "node:path"
import { makeTurns } from "@mcpgw/domain/Turns"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import { keepLooking } from "./internal/keepLooking.ts"
import type { Policy } from "./Policy.ts"
import { PolicyError } from "./PolicyError.ts"
import { MAX_TEXT_LENGTH, parsePolicyText } from "./PolicyText.ts"
import { ScopePolicy } from "./ScopePolicy.ts"
import { compileWith, makeCell, type PolicyCell } from "./ScopePolicyLayers.ts"

export interface PolicyFileOptions {
  readonly path: string
  /** Holds while there is no file at `path` at start; without it, a missing file fails the layer. */
  readonly defaultText?: string
}

/** How often the file is looked at when the operating system tells of no change. */
const POLL = Duration.millis(400)

/** A write this soon after the last look may leave the same time stamp behind, so the text itself is compared. */
const STAMP_DOUBT_MS = 2_000

/** Enough of `stat` to see a change: in place, by rename, within one size. */
interface Stamp {
  readonly key: string
  readonly changedAt: number
  readonly size: number
}

interface Found {
  readonly stamp: Stamp
  readonly text: string
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown error"

const unreadable = (path: string) => (cause: unknown) => {
  const code = codeOf(cause)
  return new PolicyError({
    source: path,
    field: "",
    problem: code === "ENOENT" ? MISSING : `can not be read (${code})`
  })
}

const MISSING = "there is no such file"
const isMissing = (error: PolicyError): boolean => error.problem === MISSING

const stampOf = (path: string): Effect.Effect<Stamp, PolicyError> =>
  Effect.tryPromise({
    try: async () => {
      const { ctimeMs, dev, ino, mtimeMs, size } = await stat(path)
      return { key: `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`, changedAt: Math.max(mtimeMs, ctimeMs), size }
    },
    catch: unreadable(path)
  })

/** The stamp is taken first, so that a write during the read shows as a change at the next look. */
const find = (path: string): Effect.Effect<Found, PolicyError> =>
  Effect.gen(function* () {
    const stamp = yield* stampOf(path)
    // UTF-8 needs at most three bytes for one UTF-16 unit: beyond that the text is too long whatever it holds.
    if (stamp.size > MAX_TEXT_LENGTH * 3) {
      return yield* new PolicyError({
        source: path,
        field: "",
        problem: `is longer than ${MAX_TEXT_LENGTH} characters`
      })
    }
    const text = yield* Effect.tryPromise({ try: () => readFile(path, "utf8"), catch: unreadable(path) })
    return { stamp, text }
  })

const compileText = (path: string, text: string): Effect.Effect<Policy, PolicyError> =>
  compileWith(() => parsePolicyText(text, path))

/** What was last seen at the path and what came of it. */
interface Seen {
  /** Undefined while no file was ever there and the default text holds. */
  readonly stamp: Stamp | undefined
  /** Epoch milliseconds of the look. */
  readonly at: number
  /** What stands against the file as it was then. */
  readonly error: PolicyError | undefined
}

const unchanged = (seen: Seen, stamp: Stamp): boolean =>
  seen.stamp?.key === stamp.key && seen.at - stamp.changedAt > STAMP_DOUBT_MS

/** Looks at the file and takes what is new. Fails with what stands against the file as it is now. */
const makeLook = (path: string, cell: PolicyCell, first: Seen, firstText: string): Effect.Effect<void, PolicyError> => {
  let seen = first
  let holding = firstText
  const take = ({ stamp, text }: Found, at: number) =>
    Effect.gen(function* () {
      if (text !== holding) {
        const policy = yield* compileText(path, text).pipe(
          Effect.tapError((error) => Effect.sync(() => (seen = { stamp, at, error })))
        )
        const revision = yield* cell.accept(policy)
        holding = text
        yield* Effect.logInfo("scope policy taken").pipe(Effect.annotateLogs({ path, revision }))
      }
      seen = { stamp, at, error: undefined }
      cell.settle()
    })
  return Effect.gen(function* () {
    const stamp = yield* stampOf(path)
    if (!unchanged(seen, stamp)) return yield* take(yield* find(path), yield* Clock.currentTimeMillis)
    if (seen.error !== undefined) return yield* seen.error
    cell.settle()
  }).pipe(
    Effect.catchIf(
      (error) => seen.stamp === undefined && isMissing(error),
      () => Effect.void
    ),
    // What is told may be told to anybody, who has no business with the server's folders.
    Effect.mapError(({ field, problem }) => new PolicyError({ source: basename(path), field, problem })),
    Effect.tapError((error) => Effect.sync(() => cell.reject(error)))
  )
}

/** Watches the directory, because a rename replaces the file a watch on itself would hold. The poll covers its absence. */
const watchFor = (path: string, onChange: () => void) =>
  Effect.gen(function* () {
    const name = basename(path)
    const lost = yield* Queue.dropping<unknown>(1)
    yield* Effect.acquireRelease(
      Effect.try({
        try: () =>
          watch(dirname(path), { persistent: false }, (_event, changed) => {
            if (changed === null || changed === name) onChange()
          }).on("error", (cause) => Queue.unsafeOffer(lost, cause)),
        catch: (cause) => cause
      }),
      (watcher) => Effect.sync(() => watcher.close())
    ).pipe(Effect.catchAll((cause) => Queue.offer(lost, cause)))
    const tell = (cause: unknown) =>
      Effect.logInfo("scope policy is looked at by interval only").pipe(
        Effect.annotateLogs({ path, problem: codeOf(cause) })
      )
    yield* Effect.forkScoped(Effect.flatMap(Queue.take(lost), tell))
  })

/** The file at start. A missing one is replaced by the default text; any other trouble is the caller's to hear. */
const readFirst = ({ defaultText, path }: PolicyFileOptions) =>
  find(path).pipe(
    Effect.catchAll((error) =>
      defaultText !== undefined && isMissing(error)
        ? Effect.succeed({ stamp: undefined, text: defaultText })
        : Effect.fail(error)
    )
  )

/**
 * The policy in a file. A file broken at start fails the layer with its name and field; later it keeps the last good one.
 */
export const layerFile = (options: PolicyFileOptions): Layer.Layer<ScopePolicy, PolicyError> =>
  Layer.scoped(
    ScopePolicy,
    Effect.gen(function* () {
      const { path } = options
      const { stamp, text } = yield* readFirst(options)
      const cell = yield* makeCell(yield* compileText(path, text))
      const at = yield* Clock.currentTimeMillis
      const inTurn = makeTurns()
      const look = inTurn(makeLook(path, cell, { stamp, at, error: undefined }, text))
      yield* watchFor(path, yield* Effect.annotateLogs(keepLooking(POLL, look), { path }))
      return cell.service(look)
    })
  )
