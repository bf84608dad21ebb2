/** Who works on a server: shown to administrators and its managers, changed by those of them who signed in. Opens no server to anyone. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import { BadRequest, fieldProblem, Forbidden, NotFound, problem } from "@mcpgw/api/ApiError"
import { SetCollaborators } from "@mcpgw/api/Collaborators"
import { Accounts } from "@mcpgw/identity/Accounts"
import { type Collaborator, Collaborators } from "@mcpgw/registry/Collaborators"
import * as Effect from "effect/Effect"
import { caller, findServer } from "./access.ts"
import { unreachable } from "./accountFailures.ts"
import { decodeOnly, fieldsOf } from "./body.ts"
import { signedIn } from "./signIn.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { storeDown } from "./storeFailures.ts"
import { readmitted } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

const RULE = "api:manage_collaborators"

/** The server, for whoever may say who works on it. */
const managed = (path: string) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = RULE
    const who = yield* caller
    const { record } = yield* findServer(who, path)
    trail.rule = RULE
    if (!who.isAdmin && who.roleOn(record.path) !== "manager") {
      return yield* new Forbidden(
        problem(`You do not have permission to manage collaborators of ${record.server_name}`)
      )
    }
    return { who, record }
  })

/** The same, for one who signed in: to change it. */
const changed = (path: string) => Effect.tap(managed(path), ({ who }) => signedIn(who.claims, "manage collaborators"))

const listOf = (record: { readonly path: string; readonly registered_at: string }) =>
  Effect.map(Collaborators, (collaborators) => ({
    server_path: record.path,
    collaborators: collaborators.of(record)
  }))

const list = (path: string) => Effect.flatMap(managed(path), ({ record }) => listOf(record))

/** A person without an account here would be whoever takes the name first. */
const known = (collaborators: ReadonlyArray<Collaborator>) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    for (const [i, { kind, name }] of collaborators.entries()) {
      if (kind === "group") continue
      const account = yield* Effect.catchTag(accounts.get(name), "AccountsUnavailable", unreachable)
      if (account !== undefined) continue
      const expected =
        "it must be the name of an account here: people of identity providers have one once they signed in"
      return yield* new BadRequest(fieldProblem(`collaborators.${i}.name`, JSON.stringify(name), expected))
    }
  })

const decode = decodeOnly(SetCollaborators, Object.keys(SetCollaborators.fields))

const set = (request: Request, path: string) =>
  Effect.gen(function* () {
    const { record, who } = yield* changed(path)
    const wanted = yield* fieldsOf(request).pipe(Effect.flatMap(decode))
    yield* known(wanted.collaborators)
    const collaborators = yield* Collaborators
    yield* Effect.catchAll(collaborators.set(record, wanted.collaborators, who.claims.username), storeDown)
    yield* allowed
    return yield* listOf(record)
  })

const allowed = Effect.map(RequestTrail, (trail) => void (trail.decision = "allow"))

const noSuchCollaborator = new NotFound(problem("There is no such collaborator"))

const remove = (
  path: string,
  { kind = "person", name }: { readonly kind?: Collaborator["kind"]; readonly name?: string }
) =>
  Effect.gen(function* () {
    const { record, who } = yield* changed(path)
    const collaborators = yield* Collaborators
    const done =
      name === undefined
        ? Effect.as(collaborators.set(record, [], who.claims.username), true)
        : collaborators.remove(record, { kind, name })
    if (!(yield* Effect.catchAll(done, storeDown))) return yield* noSuchCollaborator
    yield* allowed
    return yield* listOf(record)
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "collaborators", (handlers) =>
  handlers
    .handle("list", ({ path }) => list(path["*"]))
    .handleRaw("set", ({ path, request }) => readmitted(request, set(request, path["*"])), whole)
    .handle("remove", ({ path, urlParams }) => remove(path["*"], urlParams), whole)
)
