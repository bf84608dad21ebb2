/** Which of Atlassian's sites a token is for: its servers want to be told. Sends the token to the place it is given, and follows nobody elsewhere. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

const decode = Schema.decodeUnknown(Schema.parseJson(Schema.Array(Schema.Struct({ id: Schema.NonEmptyString }))))

/** The first site's id; null, with a line in the log, when it can not be had. */
export const cloudIdOf = (sites: string, token: Redacted.Redacted): Effect.Effect<string | null> =>
  Effect.tryPromise(async (signal) => {
    const headers = { authorization: `Bearer ${Redacted.value(token)}`, accept: "application/json" }
    const response = await fetch(sites, { headers, redirect: "error", signal })
    return response.ok ? response.text() : "[]"
  }).pipe(
    Effect.timeout("15 seconds"),
    Effect.flatMap(decode),
    Effect.map(([site]) => site?.id ?? null),
    Effect.tapError(() =>
      Effect.logWarning("Atlassian did not say which sites the token is for; cloud_id is left empty")
    ),
    Effect.orElseSucceed(() => null)
  )
