/**
 * How this API changes servers: one change at a time, each of what it read. What else changes servers, in this process or over the same store
 * in another, may still come between; then the change is made anew from what holds now. Light: a gateway starts with it.
 */
import type { RegistryApi } from "@mcpgw/registry/Registry"
import { ServerChanged } from "@mcpgw/registry/RegistryError"
import * as Effect from "effect/Effect"

const turns = new WeakMap<RegistryApi, Effect.Semaphore>()

/** Runs a change alone among the changes of this API. Do not nest. */
export const turnOf = (
  registry: RegistryApi
): (<A, E, R>(change: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => {
  const turn = turns.get(registry) ?? Effect.unsafeMakeSemaphore(1)
  turns.set(registry, turn)
  return turn.withPermits(1)
}

/** How often a change is made anew. */
const TRIES = 20

/** The same change, made anew while what it read is not there any more. It has to read within itself. */
export const uponNewest = <A, E, R>(change: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(change, { times: TRIES, while: (error) => error instanceof ServerChanged })
