/**
 * Who works on a server with those who run the gateway. `/api/servers/{path}/collaborators` is this too. Contract only.
 */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Forbidden, NotFound, TooLarge, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { KNOWN_ONLY } from "./everyError.ts"
import { optional } from "./internal/optional.ts"

export const CollaboratorView = Schema.Struct({
  /** `person`: by the name of their account here. */
  kind: Schema.Literal("person", "group"),
  name: Schema.NonEmptyString.pipe(Schema.maxLength(256)),
  /** `manager`: edits, switches, checks and deletes the server, and manages collaborators. `user`: sees it listed. */
  role: Schema.Literal("manager", "user")
}).annotations({ identifier: "Collaborator" })

export const CollaboratorList = Schema.Struct({
  server_path: Schema.String,
  collaborators: Schema.Array(CollaboratorView)
})

export const SetCollaborators = Schema.Struct({
  collaborators: Schema.Array(CollaboratorView).pipe(Schema.maxItems(1_000))
})

const ServerPathParam = Schema.Struct({ "*": Schema.String })

const list = HttpApiEndpoint.get("list", "/api/collaborators/*")
  .setPath(ServerPathParam)
  .addSuccess(CollaboratorList)
  .annotate(OpenApi.Summary, "List a server's collaborators")
  .annotate(
    OpenApi.Description,
    "For administrators and the server's managers. Also at `/api/servers/{path}/collaborators`."
  )

const set = HttpApiEndpoint.put("set", "/api/collaborators/*")
  .setPath(ServerPathParam)
  .setPayload(SetCollaborators)
  .addSuccess(CollaboratorList)
  .addError(BadRequest.schema)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Replace a server's collaborators")
  .annotate(
    OpenApi.Description,
    "Replaces all of them. A role gives nobody a server that their scopes do not: it adds to what they may do with one they have. It takes whoever signed in themselves. Also at `/api/servers/{path}/collaborators`."
  )

const remove = HttpApiEndpoint.del("remove", "/api/collaborators/*")
  .setPath(ServerPathParam)
  .setUrlParams(
    Schema.Struct({
      kind: optional(Schema.Literal("person", "group")),
      name: optional(Schema.NonEmptyString)
    }).annotations(KNOWN_ONLY)
  )
  .addSuccess(CollaboratorList)
  .annotate(OpenApi.Summary, "Remove a server's collaborators")
  .annotate(
    OpenApi.Description,
    "Removes one, by `kind` (person, unless given) and `name`, or all without a name. Also at `/api/servers/{path}/collaborators`."
  )

export class CollaboratorsGroup extends HttpApiGroup.make("collaborators")
  .add(list)
  .add(set)
  .add(remove)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(Unavailable.schema)
  .middleware(Authentication) {}
