/** How many questions one person may have under way: searching is work, and whoever asks much is not to make the others wait. */
import { problem, TooManyRequests } from "@mcpgw/api/ApiError"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import { answerHeader } from "./headers.ts"

const AT_ONCE = 4

const tooMany = Effect.zipRight(
  answerHeader("retry-after", "1"),
  new TooManyRequests(
    problem(`You have ${AT_ONCE} searches under way, and that is as many as you may`, "Wait for their answers")
  )
)

export const makePlaces = () => {
  const underWay = new Map<string, number>()
  return <A, E, R>({ issuer, subject }: Claims, search: Effect.Effect<A, E, R>) =>
    Effect.suspend((): Effect.Effect<A, E | TooManyRequests, R> => {
      const person = `${issuer} ${subject}`
      const before = underWay.get(person) ?? 0
      if (before >= AT_ONCE) return tooMany
      underWay.set(person, before + 1)
      const leave = Effect.sync(() => {
        const left = (underWay.get(person) ?? 1) - 1
        if (left === 0) underWay.delete(person)
        else underWay.set(person, left)
      })
      return Effect.ensuring(search, leave)
    })
}
