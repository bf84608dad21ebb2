/** Health checks that an answer may wait for. They outlive the request, and never keep it waiting longer than its bound. */
import { HealthMonitor } from "@mcpgw/health/HealthMonitor"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import { inventoryNote } from "@mcpgw/registry/Inventory"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { gone } from "./storeFailures.ts"

/** Longest wait for a health check that an answer waits for. */
const CHECK_WITHIN = "15 seconds"

/** The same for a registration, which holds whatever the check says. */
const FIRST_CHECK_WITHIN = "2 seconds"

/** Starts a check that outlives the request; one that fails has nobody to answer to. */
export const checkIn = (scope: Scope.Scope, path: string) =>
  Effect.gen(function* () {
    const monitor = yield* HealthMonitor
    return yield* monitor.probeNow(path).pipe(
      Effect.tapErrorCause((cause) => Effect.logDebug(`Health check of ${path} ended without a result`, cause)),
      Effect.interruptible,
      Effect.forkIn(scope)
    )
  })

/**
 * Checks and waits, then tells what the registry knows: the inventory may have changed with the health. `finished`: false, the check goes on, or
 * ended without a result, and what is told was known before it.
 */
export const checked = (scope: Scope.Scope, path: string) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const fiber = yield* checkIn(scope, path)
    const result = yield* Fiber.await(fiber).pipe(Effect.interruptible, Effect.timeoutOption(CHECK_WITHIN))
    if (result._tag === "None")
      yield* Effect.logWarning(`Health check of ${path} is still running after ${CHECK_WITHIN}`)
    const finished = result._tag === "Some" && result.value._tag === "Success"
    return { finished, server: registry.get(path) ?? (yield* gone()) }
  })

/** Checks and waits a little; the server as it is known then. */
export const firstCheck = (scope: Scope.Scope, server: RegisteredServer) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const fiber = yield* checkIn(scope, server.record.path)
    yield* Fiber.await(fiber).pipe(Effect.interruptible, Effect.timeoutOption(FIRST_CHECK_WITHIN))
    return registry.get(server.record.path) ?? server
  })

export const state = ({ health, record }: RegisteredServer) => ({
  status: health.status,
  last_checked_iso: health.last_checked_iso,
  num_tools: record.num_tools
})

/** The contract's sentence, and what else someone who looks should know. */
export const told = (sentence: string, { record }: RegisteredServer): string => {
  const note = inventoryNote(record)
  return note === undefined ? sentence : `${sentence.replace(/\.$/, "")}; ${note}`
}
