/** What is known of servers' health, by one process that is alone. */
import { BEING_CHECKED } from "@mcpgw/domain/Server"
import * as Effect from "effect/Effect"
import type { Claim, HealthStoreApi, Known } from "../HealthStore.ts"
import { isTurn } from "./turn.ts"

const firstOf = ({ path, print, until }: Claim): Known => ({
  path,
  print,
  health: BEING_CHECKED,
  byCalls: false,
  due: until,
  restUntil: 0
})

export const makeMemoryHealth = (): HealthStoreApi => {
  const rows = new Map<string, Known>()
  return {
    claim: (claim) =>
      Effect.sync(() => {
        const known = rows.get(claim.path)
        if (!isTurn(claim, known)) return known
        rows.set(claim.path, known?.print === claim.print ? { ...known, due: claim.until } : firstOf(claim))
        return undefined
      }),
    report: (found, times) =>
      Effect.sync(() => {
        const before = rows.get(found.path)
        const { due, restUntil } = times ?? before ?? { due: 0, restUntil: 0 }
        rows.set(found.path, { ...found, due, restUntil })
      }),
    forget: (path, print) =>
      Effect.sync(() => {
        if (rows.get(path)?.print === print) rows.delete(path)
      }),
    all: Effect.sync(() => [...rows.values()]),
    watch: () => Effect.void
  }
}
