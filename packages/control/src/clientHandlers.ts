/**
 * OAuth clients that administrators set up; administrators only. To set one up, to remove one and to give it secrets takes an administrator who
 * signed in. A secret's text is in one answer and nowhere else.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Api } from "@mcpgw/api/Api"
import { BadRequest, fieldProblem, NotFound, problem } from "@mcpgw/api/ApiError"
import { type ClientView, CreateClient } from "@mcpgw/api/Clients"
import { momentOf } from "@mcpgw/api/Moments"
import { OAuthClients, type SetUpClient } from "@mcpgw/identity/OAuthClients"
import * as Effect from "effect/Effect"
import { decodeOnly, fieldsOf } from "./body.ts"
import { administrator, grantor } from "./grants.ts"
import { unreachable } from "./keyHandlers.ts"
import { addSecretOf, createdSecret, secretFailures, secretView } from "./secrets.ts"
import { readmitted } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

const MANAGE = "api:manage_clients"
const GRANT = "manage clients"

const viewOf = ({ clientId, createdAt, metadata, secrets, setUpBy }: SetUpClient): ClientView => ({
  client_id: clientId,
  client_name: metadata.client_name,
  redirect_uris: metadata.redirect_uris,
  confidential: metadata.token_endpoint_auth_method !== "none",
  client_uri: metadata.client_uri ?? null,
  set_up_by: setUpBy,
  created_at: momentOf(createdAt),
  secrets: secrets.map(secretView)
})

const noSuchClient = new NotFound(problem("No administrator has set up such a client"))
const noSuchSecret = new NotFound(problem("There is no such secret"))

const decode = decodeOnly(CreateClient, Object.keys(CreateClient.fields))

const list = Effect.gen(function* () {
  yield* administrator(MANAGE)
  const clients = yield* Effect.catchTag((yield* OAuthClients).list, "AccountsUnavailable", unreachable)
  return { clients: clients.map(viewOf) }
})

const create = (request: Request) =>
  Effect.gen(function* () {
    const { claims } = yield* grantor(MANAGE, GRANT)
    const wanted = yield* fieldsOf(request).pipe(Effect.flatMap(decode))
    const wish = {
      clientId: wanted.client_id,
      name: wanted.client_name,
      redirectUris: wanted.redirect_uris,
      confidential: wanted.confidential ?? false,
      clientUri: wanted.client_uri
    }
    const client = yield* (yield* OAuthClients).create(wish, claims.username).pipe(
      Effect.catchTags({
        AccountsUnavailable: unreachable,
        ClientExists: ({ clientId }) =>
          new BadRequest(fieldProblem("client_id", JSON.stringify(clientId), "there is a client of that id")),
        InvalidClient: ({ expected, field, held }) => new BadRequest(fieldProblem(field, held, expected))
      })
    )
    return HttpServerResponse.unsafeJson(viewOf(client), { status: 201 })
  })

const get = (clientId: string) =>
  Effect.gen(function* () {
    yield* administrator(MANAGE)
    const client = yield* Effect.catchTag((yield* OAuthClients).get(clientId), "AccountsUnavailable", unreachable)
    return viewOf(client ?? (yield* noSuchClient))
  })

const remove = (clientId: string) =>
  Effect.gen(function* () {
    yield* grantor(MANAGE, GRANT)
    if (!(yield* Effect.catchTag((yield* OAuthClients).remove(clientId), "AccountsUnavailable", unreachable))) {
      return yield* noSuchClient
    }
    return { success: true } as const
  })

const addSecret = (request: Request, clientId: string) =>
  Effect.gen(function* () {
    yield* grantor(MANAGE, GRANT)
    const clients = yield* OAuthClients
    const made = yield* addSecretOf(request, (wanted) => clients.addSecret(clientId, wanted)).pipe(
      Effect.catchTags({
        ...secretFailures,
        ClientIsPublic: () =>
          new BadRequest(problem("A public client has no secret", "Set it up anew with confidential: true"))
      })
    )
    return createdSecret(clientId, made ?? (yield* noSuchClient))
  })

const removeSecret = (clientId: string, id: string) =>
  Effect.gen(function* () {
    yield* grantor(MANAGE, GRANT)
    const clients = yield* OAuthClients
    if (!(yield* Effect.catchTag(clients.removeSecret(clientId, id), "AccountsUnavailable", unreachable))) {
      return yield* noSuchSecret
    }
    return { success: true } as const
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "clients", (handlers) =>
  handlers
    .handle("list", () => list)
    .handleRaw("create", ({ request }) => readmitted(request, create(request)), whole)
    .handle("get", ({ path }) => get(path.client_id))
    .handle("remove", ({ path }) => remove(path.client_id), whole)
    .handleRaw("addSecret", ({ path, request }) => readmitted(request, addSecret(request, path.client_id)), whole)
    .handle("removeSecret", ({ path }) => removeSecret(path.client_id, path.id), whole)
)
