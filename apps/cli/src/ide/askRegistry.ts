/** Asks the registry where a server is reached and what it wants. Sends the credential to that URL alone, and shows it nowhere. */
import { ConnectConfigs } from "@mcpgw/api/ConnectConfig"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { certificateFailure, failed, refused, unreachable } from "../Failure.ts"

const decode = Schema.decodeUnknown(Schema.parseJson(ConnectConfigs))
const decodeProblem = Schema.decodeUnknown(Schema.parseJson())
const WITHIN = "15 seconds"

/** `headers`: what `credential` let go there. */
export const askRegistry = (
  gateway: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  verbose: boolean
) =>
  Effect.gen(function* () {
    const asked = `${gateway}/api/servers${path}/connect-config?ide=cursor`
    if (verbose) yield* Console.error(`> GET ${asked}`)
    const [status, text] = yield* Effect.tryPromise({
      try: async (signal) => {
        const sent = { ...headers, accept: "application/json" }
        const response = await fetch(asked, { headers: sent, redirect: "error", signal })
        return [response.status, await response.text()] as const
      },
      catch: (error) =>
        certificateFailure(gateway, error) ??
        unreachable(`the registry at ${gateway} can not be reached`, "is it running, and is --url right?")
    }).pipe(
      Effect.timeoutFail({
        duration: WITHIN,
        onTimeout: () => unreachable(`the registry at ${gateway} does not answer`)
      })
    )
    if (verbose) yield* Console.error(`< ${status}`)
    if (status === 200)
      return yield* Effect.mapError(decode(text), () => failed(`the registry at ${gateway} answers something unknown`))
    const problem: unknown = yield* Effect.orElseSucceed(decodeProblem(text), () => undefined)
    return yield* refused(status, problem)
  })
