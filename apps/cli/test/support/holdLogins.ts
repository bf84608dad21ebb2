/** Takes the lock of the sign-ins, says so, and holds it until it is killed. */
import * as BunContext from "@effect/platform-bun/BunContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Logins } from "../../src/connect/Logins.ts"

const held = Effect.flatMap(Logins, ({ alone }) =>
  alone(
    Effect.zipRight(
      Effect.sync(() => process.stdout.write("held\n")),
      Effect.sleep("1 minute")
    )
  )
)

void Effect.runPromise(Effect.provide(held, Layer.provide(Logins.layer, BunContext.layer)))
