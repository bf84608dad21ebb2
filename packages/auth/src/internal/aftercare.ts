/**
 * Whether claims hold after their request was let in: for streams that are open longer than anything is remembered. Knows who verified which
 * claims, and asks them; a look at a store runs beside the question, a few at a time. Remembers nothing of claims that are no longer used.
 */
import { Memo } from "@mcpgw/domain/Memo"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Verifier } from "../Verifiers.ts"

export interface Aftercare {
  readonly vouched: (claims: Claims, verifier: Verifier) => void
  /** Claims nobody vouched for here hold: they came from elsewhere. */
  readonly holds: (claims: Claims) => boolean
}

type Look = NonNullable<Verifier["stillHolds"]>

interface Doubt {
  readonly claims: Claims
  readonly look: Look
}

/** Looks between two turns of the event loop: with many streams they come in crowds, and requests come first. */
const LOOKS = 8

export const makeAftercare: Effect.Effect<Aftercare, never, Scope.Scope> = Effect.gen(function* () {
  const verifiers = new Memo<Claims, Verifier>()
  const dead = new WeakSet<Claims>()
  /** Those in the queue, or looked at now. */
  const doubted = new Set<Claims>()
  const queue = yield* Queue.unbounded<Doubt>()
  const lookAt = ({ claims, look }: Doubt) =>
    Effect.map(stillHolds(claims, look), (holds) => void (holds || dead.add(claims))).pipe(
      Effect.ensuring(Effect.sync(() => doubted.delete(claims)))
    )
  yield* Queue.takeBetween(queue, 1, LOOKS).pipe(
    Effect.flatMap(Effect.forEach(lookAt, { discard: true })),
    Effect.zipRight(nextTurn),
    Effect.forever,
    Effect.forkScoped
  )
  return {
    vouched: (claims, verifier) => void verifiers.set(claims, verifier),
    holds: (claims) => {
      if (dead.has(claims)) return false
      if (doubted.has(claims)) return true
      const verifier = verifiers.get(claims)
      if (verifier?.holds === undefined || verifier.holds(claims)) return true
      if (verifier.stillHolds === undefined) return false
      doubted.add(claims)
      queue.unsafeOffer({ claims, look: verifier.stillHolds })
      return true
    }
  }
})

/** Where nobody knows it goes on, and is asked about again. */
const stillHolds = (claims: Claims, look: Look): Effect.Effect<boolean> =>
  Effect.catchAllCause(look(claims), (cause) =>
    Effect.as(Effect.logWarning("What is open could not be checked", cause), true)
  )

const nextTurn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
