/**
 * How this API changes servers: one change at a time, each of what it read. What else changes servers, in this process or over the same store
 * in another, may still come between; then the change is made anew from what holds now. Light: a gateway starts with it.
 */
import { type InTurn, makeTurns } from "@mcpgw/domain/Turns"
import type { RegistryApi } from "@mcpgw/registry/Registry"
import { ServerChanged } from "@mcpgw/registry/RegistryError"
import * as Effect from "effect/Effect"

const turns = new WeakMap<RegistryApi, InTurn>()

/** Runs a change alone among the changes of this API. Do not nest. */
export const turnOf = (registry: RegistryApi): InTurn => {
  const turn = turns.get(registry) ?? makeTurns()
  turns.set(registry, turn)
  return turn
}

/** How often a change is made anew. */
const TRIES = 20

/** The same change, made anew while what it read is not there any more. It has to read within itself. */
export const uponNewest = <A, E, R>(change: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(change, { times: TRIES, while: (error) => error instanceof ServerChanged })
