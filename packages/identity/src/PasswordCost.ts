/**
 * What one hash of a password costs. Nothing that runs provides it: the default is what is shipped. Tests hash at less, because they hash
 * hundreds of times.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

export interface Argon2Cost {
  /** KiB. */
  readonly memoryCost: number
  /** Passes. */
  readonly timeCost: number
}

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane. */
const SHIPPED: Argon2Cost = { memoryCost: 19_456, timeCost: 2 }

export class PasswordCost extends Context.Reference<PasswordCost>()("@mcpgw/identity/PasswordCost", {
  defaultValue: () => SHIPPED
}) {
  /** Next to nothing; for tests. */
  static get layerLow(): Layer.Layer<PasswordCost> {
    return low
  }
}

const low = Layer.succeed(PasswordCost, { memoryCost: 64, timeCost: 1 })
