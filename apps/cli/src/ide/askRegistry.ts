/** Asks the registry where a server is reached and whether the caller may see it. Sends the token to that URL alone, and shows it nowhere. */
import { ConnectConfigs } from "@mcpgw/api/ConnectConfig"
import { Problem } from "@mcpgw/api/ApiError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

export class RegistryRefused extends Schema.TaggedError<RegistryRefused>()("RegistryRefused", {
  url: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `the registry at ${this.url} ${this.problem}`
  }
}

const decode = Schema.decodeUnknown(Schema.parseJson(ConnectConfigs))
const decodeProblem = Schema.decodeUnknown(Schema.parseJson(Problem))
const WITHIN = "15 seconds"

export const askRegistry = (gateway: string, path: string, token: Redacted.Redacted) =>
  Effect.gen(function* () {
    const refused = (problem: string) => new RegistryRefused({ url: gateway, problem })
    const asked = `${gateway}/api/servers${path}/connect-config?ide=cursor`
    const [status, text] = yield* Effect.tryPromise({
      try: async (signal) => {
        const headers = { authorization: `Bearer ${Redacted.value(token)}`, accept: "application/json" }
        const response = await fetch(asked, { headers, redirect: "error", signal })
        return [response.status, await response.text()] as const
      },
      catch: () => refused("can not be reached")
    }).pipe(Effect.timeoutFail({ duration: WITHIN, onTimeout: () => refused("does not answer") }))
    if (status === 200) return yield* Effect.mapError(decode(text), () => refused("answers something unknown"))
    const why = yield* Effect.match(decodeProblem(text), {
      onFailure: () => "",
      onSuccess: ({ error }) => `: ${error}`
    })
    return yield* refused(`answered ${status}${why}`)
  })
