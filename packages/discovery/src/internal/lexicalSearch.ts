/**
 * Asks the full-text index: bm25 with a name worth more than a description and that more than a parameter. Goes through all that
 * matches, a stretch of rows at a time, and keeps the best the asker lets through, so that what is hidden from someone neither takes
 * the place of what is not nor shows in a score. Changes nothing.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { inSlices, turn } from "@mcpgw/registry/EventLoop"
import * as Effect from "effect/Effect"
import type { Hit, Named, SearchQuery } from "../Hit.ts"
import { type Found, servers, type Source, tools } from "./lexicalSources.ts"
import { anyOf, type Question, questionOf } from "./words.ts"

/** About so many matches are looked at between two turns of the event loop: a few ms. */
const STRETCH = 3_000
/** Every stretch counts the words of the whole index anew, so where very much matches they are longer, not more. */
const MAX_STRETCHES = 16
const TO_THE_END = Number.MAX_SAFE_INTEGER
/** Words asked of a large index, at most: what a question costs grows with them, and after some the rest tell little. */
const MOST_WORDS = 12
/** Words counted in what was found between two turns. */
const WORDS_AT_ONCE = 4

const keyOf = ({ named }: Found): string => (named.kind === "tool" ? `${named.path}\0${named.tool}` : named.path)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const byRank = (a: Found, b: Found): number => a.rank - b.rank || compare(keyOf(a), keyOf(b)) || a.id - b.id

/** The best `limit` of both, each thing once: a server replaced between two stretches may be met twice. */
const merged = (best: ReadonlyArray<Found>, more: ReadonlyArray<Found>, limit: number): ReadonlyArray<Found> => {
  const seen = new Set<string>()
  return [...best, ...more]
    .sort(byRank)
    .filter((found) => seen.size < seen.add(keyOf(found)).size)
    .slice(0, limit)
}

/** The first `limit` of `found` that may be kept and are better than `than`, asked for in order. */
const permitted = (
  found: ReadonlyArray<Found>,
  keep: (named: Named) => boolean,
  limit: number,
  than: Found | undefined
) => {
  const kept: Array<Found> = []
  for (const one of found) {
    if (kept.length >= limit || (than !== undefined && one.rank > than.rank)) break
    if (keep(one.named)) kept.push(one)
  }
  return kept
}

type Keep = (named: Named) => boolean

/** What is asked for: an expression, and how many rows match it at most. */
interface Asked {
  readonly match: string
  readonly atMost: number
}

interface Word {
  readonly terms: ReadonlyArray<string>
  /** How many hold it, at most. */
  readonly matching: number
}

/** The rarest words, which tell most, and those that nobody holds: they cost nothing and are still asked for. */
const rarest = (source: Source, words: Question["words"], count: number) =>
  Effect.gen(function* () {
    const half = Math.floor(count / 2)
    const counted: Array<Word> = []
    yield* inSlices(words, 1, ([terms = []]) =>
      Effect.map(source.matching(anyOf(terms), half + 1), (matching) =>
        counted.push({ terms, matching: matching > half ? count : matching })
      )
    )
    const held = counted.filter(({ matching }) => matching > 0).sort((a, b) => a.matching - b.matching)
    return { unknown: counted.filter(({ matching }) => matching === 0), held: held.slice(0, MOST_WORDS) }
  })

const askedBy = (words: ReadonlyArray<Word>, count: number): Asked => ({
  match: anyOf(words.flatMap(({ terms }) => terms)),
  atMost: Math.min(
    count,
    words.reduce((sum, { matching }) => sum + matching, 0)
  )
})

/**
 * The best that may be answered, best first, and the words that were asked for. Of a large index a word that more than half of all hold,
 * which weighs nothing, is asked for only where others do not do.
 */
const best = (source: Source, { words }: Question, limit: number, keep: Keep) =>
  Effect.gen(function* () {
    const count = yield* source.count
    if (count <= STRETCH) {
      const found = yield* bestOf(source, { match: anyOf(words.flat()), atMost: count }, count, limit, keep)
      return { words, found }
    }
    const { held, unknown } = yield* rarest(source, words, count)
    const telling = held.filter(({ matching }) => matching < count)
    const asking = (those: ReadonlyArray<Word>) =>
      Effect.map(
        those.length === 0 ? Effect.succeed([]) : bestOf(source, askedBy(those, count), count, limit, keep),
        (found) => ({ found, words: [...unknown, ...those].map(({ terms }) => terms) })
      )
    const best = yield* asking(telling)
    return best.found.length >= limit || telling.length === held.length ? best : yield* asking(held)
  })

/** Of `count` rows; each stretch holds a like share of them, and of the matches, where they are spread evenly. */
const bestOf = (source: Source, { atMost, match }: Asked, count: number, limit: number, keep: Keep) =>
  Effect.gen(function* () {
    const stretches = Math.min(MAX_STRETCHES, Math.max(1, Math.ceil(atMost / STRETCH)))
    const size = Math.ceil(count / stretches)
    let kept: ReadonlyArray<Found> = []
    let after = 0
    while (true) {
      const last = stretches === 1 ? TO_THE_END : yield* source.next(after, size)
      if (last === undefined) return kept
      if (after > 0) yield* turn
      const found = yield* source.match(match, after, last)
      // Judging is as long as finding where much matches and little may be kept.
      if (found.length > STRETCH / 4) yield* turn
      kept = merged(kept, permitted(found, keep, limit, kept[limit - 1]), limit)
      if (last === TO_THE_END) return kept
      after = last
    }
  })

/** How many of the words each holds. */
const heldBy = (source: Source, words: Question["words"], found: ReadonlyArray<Found>) =>
  Effect.gen(function* () {
    const ids = found.map(({ id }) => id)
    const held = new Map<number, number>()
    yield* inSlices(words, WORDS_AT_ONCE, (slice) =>
      Effect.gen(function* () {
        for (const terms of slice) {
          for (const id of yield* source.holders(anyOf(terms), ids)) held.set(id, (held.get(id) ?? 0) + 1)
        }
      })
    )
    return held
  })

/** See `Score`. */
const scored = (source: Source, words: Question["words"], found: ReadonlyArray<Found>) =>
  Effect.gen(function* () {
    const [best] = found
    if (best === undefined) return []
    const held = yield* heldBy(source, words, found)
    let before = 1
    return found.map(({ id, named, rank }): Hit => {
      // What was found holds a word; it may be gone again by now.
      const share = Math.max(1, held.get(id) ?? 0) / words.length
      const weight = best.rank < 0 ? rank / best.rank : 1
      before = Math.min(before, (share * (1 + weight)) / 2)
      return { ...named, score: before }
    })
  })

export const search = (
  sql: SqlClient.SqlClient,
  { keep = () => true, kinds, limit, text }: SearchQuery
): Effect.Effect<ReadonlyArray<Hit>, SqlError> => {
  const question = questionOf(text)
  const most = Math.max(0, Math.trunc(limit))
  if (question === undefined || most === 0) return Effect.succeed([])
  return Effect.map(
    Effect.forEach(kinds, (kind) => {
      const source = (kind === "server" ? servers : tools)(sql)
      return Effect.flatMap(best(source, question, most, keep), ({ found, words }) => scored(source, words, found))
    }),
    (hits) => hits.flat()
  )
}
