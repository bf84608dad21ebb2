/**
 * `ScopePolicy` over a `PolicySource`, where administrators write its text. A text written here takes effect at once, one
 * written by another process within a second; what can not be used changes nothing, is logged once and stands in `status`.
 * Only reads; never writes to the source, not even the default text.
 */
import { PolicySource, type PolicySourceApi } from "@mcpgw/domain/PolicySource"
import { makeTurns } from "@mcpgw/domain/Turns"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { keepLooking } from "./internal/keepLooking.ts"
import type { Policy } from "./Policy.ts"
import { PolicyError } from "./PolicyError.ts"
import { parsePolicyText } from "./PolicyText.ts"
import { ScopePolicy } from "./ScopePolicy.ts"
import { compileWith, makeCell, type PolicyCell } from "./ScopePolicyLayers.ts"

export interface PolicyStoreOptions {
  /** Holds while nothing was ever written; without it, an empty source fails the layer. */
  readonly defaultText?: string
}

/** How often the source is asked when it tells of no change: other processes may write, and an outage ends untold. */
const POLL = Duration.seconds(1)

const SOURCE = "stored policy"

/** A text and where it comes from; no revision for the default text. */
interface Found {
  readonly text: string
  readonly revision: number | undefined
}

const nothingStored = new PolicyError({ source: SOURCE, field: "", problem: "there is none" })

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const find = (source: PolicySourceApi): Effect.Effect<Found | undefined, PolicyError> =>
  Effect.mapError(
    source.read,
    ({ cause }) => new PolicyError({ source: SOURCE, field: "", problem: `can not be read (${messageOf(cause)})` })
  )

const compileText = ({ revision, text }: Found): Effect.Effect<Policy, PolicyError> =>
  compileWith(() => parsePolicyText(text, revision === undefined ? "default policy" : `${SOURCE} ${revision}`))

/** Looks at the source and takes what is new. Fails with what stands against its text as it is now. */
const makeLook = (source: PolicySourceApi, cell: PolicyCell, first: Found): Effect.Effect<void, PolicyError> => {
  let seen: Found & { readonly error: PolicyError | undefined } = { ...first, error: undefined }
  let holding = first.text
  const take = (found: Found) =>
    Effect.gen(function* () {
      if (found.text !== holding) {
        const policy = yield* compileText(found).pipe(
          Effect.tapError((error) => Effect.sync(() => (seen = { ...found, error })))
        )
        holding = found.text
        const revision = yield* cell.accept(policy)
        yield* Effect.logInfo("scope policy taken").pipe(Effect.annotateLogs({ stored: found.revision, revision }))
      }
      seen = { ...found, error: undefined }
      cell.settle()
    })
  return Effect.gen(function* () {
    const found = yield* find(source)
    if (found === undefined) return seen.revision === undefined ? cell.settle() : yield* nothingStored
    // The text is compared too: a source put back from a backup may give an old number to another text.
    if (found.revision !== seen.revision || found.text !== seen.text) return yield* take(found)
    if (seen.error !== undefined) return yield* seen.error
    cell.settle()
  }).pipe(Effect.tapError((error) => Effect.sync(() => cell.reject(error))))
}

/** The text at start. An empty source is replaced by the default text; any other trouble is the caller's to hear. */
const readFirst = (source: PolicySourceApi, defaultText: string | undefined): Effect.Effect<Found, PolicyError> =>
  Effect.flatMap(find(source), (found) => {
    if (found !== undefined) return Effect.succeed(found)
    return defaultText === undefined
      ? Effect.fail(nothingStored)
      : Effect.succeed({ text: defaultText, revision: undefined })
  })

/**
 * The policy in a `PolicySource`. A text broken at start, or a source that can not be read then, fails the layer; later the
 * last good policy holds. `status().revision` counts what took effect here, not the source's own revisions.
 */
export const layerStore = (options: PolicyStoreOptions = {}): Layer.Layer<ScopePolicy, PolicyError, PolicySource> =>
  Layer.scoped(
    ScopePolicy,
    Effect.gen(function* () {
      const source = yield* PolicySource
      const first = yield* readFirst(source, options.defaultText)
      const cell = yield* makeCell(yield* compileText(first))
      const inTurn = makeTurns()
      const look = inTurn(makeLook(source, cell, first))
      const rouse = yield* keepLooking(POLL, look)
      yield* Effect.forkScoped(Stream.runForEach(source.changes, () => Effect.sync(rouse)))
      return cell.service(look)
    })
  )
