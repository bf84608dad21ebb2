/** What accounts, sessions and revocations fail with, as answers. Never repeats a name, a password or a cause. */
import { problem, TooManyRequests, Unavailable } from "@mcpgw/api/ApiError"
import type { RevocationNotStored } from "@mcpgw/auth/Revocations"
import type { AccountsUnavailable } from "@mcpgw/identity/Accounts"
import type { GrantsUnavailable } from "@mcpgw/identity/AuthorizationServer"
import * as Effect from "effect/Effect"
import { answerHeader } from "./headers.ts"

export const unreachable = ({ cause }: AccountsUnavailable): Effect.Effect<never, Unavailable> =>
  Effect.zipRight(
    Effect.logError("Accounts can not be reached", cause),
    new Unavailable(problem("Accounts can not be reached now", "Try again later"))
  )

export const unavailable = ({ cause }: GrantsUnavailable): Effect.Effect<never, Unavailable> =>
  Effect.zipRight(
    Effect.logError("Grants can not be reached", cause),
    new Unavailable(problem("Grants can not be reached now", "Try again later"))
  )

export const tooManyAttempts = (seconds: number): Effect.Effect<never, TooManyRequests> =>
  Effect.zipRight(
    answerHeader("retry-after", String(seconds)),
    new TooManyRequests(problem("Too many login attempts", `Too many login attempts: try again in ${seconds} seconds`))
  )

export const notStored = ({ cause }: RevocationNotStored): Effect.Effect<never, Unavailable> =>
  Effect.zipRight(
    Effect.logError("A revocation holds, but could not be stored", cause),
    new Unavailable(problem("The revocation holds now, but could not be stored", "Send it again before a restart"))
  )
