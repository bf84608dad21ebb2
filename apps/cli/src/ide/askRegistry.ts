/** Asks the registry where a server is reached and whether the caller may see it. Sends the token to that URL alone, and shows it nowhere. */
import { ConnectConfigs } from "@mcpgw/api/ConnectConfig"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { failed, refused, unreachable } from "../Failure.ts"

const decode = Schema.decodeUnknown(Schema.parseJson(ConnectConfigs))
const decodeProblem = Schema.decodeUnknown(Schema.parseJson())
const WITHIN = "15 seconds"

export const askRegistry = (gateway: string, path: string, token: Redacted.Redacted) =>
  Effect.gen(function* () {
    const asked = `${gateway}/api/servers${path}/connect-config?ide=cursor`
    const [status, text] = yield* Effect.tryPromise({
      try: async (signal) => {
        const headers = { authorization: `Bearer ${Redacted.value(token)}`, accept: "application/json" }
        const response = await fetch(asked, { headers, redirect: "error", signal })
        return [response.status, await response.text()] as const
      },
      catch: () => unreachable(`the registry at ${gateway} can not be reached`, "is it running, and is --url right?")
    }).pipe(
      Effect.timeoutFail({
        duration: WITHIN,
        onTimeout: () => unreachable(`the registry at ${gateway} does not answer`)
      })
    )
    if (status === 200)
      return yield* Effect.mapError(decode(text), () => failed(`the registry at ${gateway} answers something unknown`))
    const problem: unknown = yield* Effect.orElseSucceed(decodeProblem(text), () => undefined)
    return yield* refused(status, problem)
  })
