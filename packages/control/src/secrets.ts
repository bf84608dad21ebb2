/** Secrets of agents and of set-up clients on the API: read from a request, shown by their beginning, and whole in one answer alone. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { CreateSecret } from "@mcpgw/api/Agents"
import { BadRequest, fieldProblem, problem } from "@mcpgw/api/ApiError"
import { momentOf, momentOrNull } from "@mcpgw/api/Moments"
import type { ClientSecret, InvalidSecret, MadeSecret, NewSecret, TooManySecrets } from "@mcpgw/identity/ClientSecrets"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { decodeOnly, fieldsOf } from "./body.ts"
import { unreachable } from "./keyHandlers.ts"

const HOUR_MILLIS = 3_600_000

const decode = decodeOnly(CreateSecret, Object.keys(CreateSecret.fields))

export const secretView = (secret: ClientSecret) => ({
  id: secret.id,
  prefix: secret.prefix,
  created_at: momentOf(secret.createdAt),
  expires_at: momentOrNull(secret.expiresAt),
  last_used_at: momentOrNull(secret.lastUsedAt)
})

/** Adds the secret that the request describes. */
export const addSecretOf = <A, E>(
  request: HttpServerRequest.HttpServerRequest,
  add: (wanted: NewSecret) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const wanted = yield* fieldsOf(request).pipe(Effect.flatMap(decode))
    const { end_others_after_hours: grace, expires_at: expires } = wanted
    const now = yield* Clock.currentTimeMillis
    return yield* add({
      expiresAt: expires === undefined ? undefined : Date.parse(expires),
      othersEndAt: grace === undefined ? undefined : Math.round(now + grace * HOUR_MILLIS)
    })
  })

/** What adding one may be refused for. */
export const secretFailures = {
  AccountsUnavailable: unreachable,
  InvalidSecret: ({ expected, field, held }: InvalidSecret) => new BadRequest(fieldProblem(field, held, expected)),
  TooManySecrets: ({ limit }: TooManySecrets) =>
    new BadRequest(problem(`${limit} secrets live already`, "Remove one that is not used any more"))
}

/** The only answer that holds a secret. */
export const createdSecret = (clientId: string, { secret, text }: MadeSecret) =>
  HttpServerResponse.unsafeJson({ ...secretView(secret), client_id: clientId, secret: text }, { status: 201 })
