/** People with an account here: listed, made, removed, by administrators who signed in. Nobody removes their own account. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Api } from "@mcpgw/api/Api"
import { BadRequest, Conflict, fieldProblem, Forbidden, NotFound, problem } from "@mcpgw/api/ApiError"
import { CreateUser } from "@mcpgw/api/Users"
import { AccountDirectory } from "@mcpgw/identity/AccountDirectory"
import { createPersonThere, providerOf, removePersonThere } from "@mcpgw/identity/directoryAccounts"
import { endAccess } from "@mcpgw/identity/endAccess"
import { type AccountDetails, Accounts } from "@mcpgw/identity/Accounts"
import { AuthorizationServer } from "@mcpgw/identity/AuthorizationServer"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { Collaborators } from "@mcpgw/registry/Collaborators"
import * as Effect from "effect/Effect"
import { comparePeople } from "./accountDrift.ts"
import { notStored, unavailable, unreachable } from "./accountFailures.ts"
import { viewOf } from "./accountsHandlers.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { changingAdministrator, noteGroup, readingAdministrator } from "./groupAccess.ts"
import { bodyOf } from "./groupBodies.ts"
import { directoryFailures, noDirectory } from "./directoryFailures.ts"
import { isAmong, namesOf } from "./leaver.ts"
import { storeDown } from "./storeFailures.ts"
import { warningsOf } from "./warnings.ts"
import { received } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

const MANAGE = "api:manage_users"

const createBody = bodyOf(CreateUser)

const list = (request: Request, { compare = false, group }: { readonly group?: string; readonly compare?: boolean }) =>
  Effect.gen(function* () {
    yield* readingAdministrator(request, MANAGE)
    const accounts = yield* Effect.catchTag((yield* Accounts).list, "AccountsUnavailable", unreachable)
    const users = accounts.filter(({ groups }) => group === undefined || groups.includes(group)).map(viewOf)
    return { users, total: users.length, ...(compare ? { directory: yield* comparePeople(accounts) } : {}) }
  })

/** Somebody of the identity provider, or a local account. */
const made = ({ first_name: firstName, last_name: lastName, ...wanted }: typeof CreateUser.Type, password: string) =>
  Effect.gen(function* () {
    const directory = yield* AccountDirectory
    const { create_in_keycloak: there = directory.name !== undefined, email, groups = [], username } = wanted
    if (there && directory.name === undefined) return yield* noDirectory
    if (there) return yield* createPersonThere({ username, groups, email, firstName, lastName }, password)
    const displayName = [firstName, lastName].filter((name) => name !== undefined && name !== "").join(" ")
    const account = { username, groups, email, ...(displayName === "" ? {} : { displayName }) }
    return yield* (yield* Accounts).create(account, password)
  })

/** 24 characters, 144 bits. */
const generated = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64url")

const create = (request: Request) =>
  Effect.gen(function* () {
    yield* changingAdministrator(request, MANAGE, "create users")
    const { password: given, ...wanted } = yield* createBody(request)
    yield* noteGroup(MANAGE, wanted.username)
    const password = given ?? generated()
    const account = yield* made(wanted, password).pipe(
      Effect.catchTags({
        ...directoryFailures,
        AccountsUnavailable: unreachable,
        AccountExists: ({ message }) => new Conflict(problem(message)),
        InvalidAccount: ({ message }) => new BadRequest(problem(message))
      })
    )
    const policy = (yield* ScopePolicy).current()
    const idle = account.groups.filter((group) => !policy.mapsGroup(group))
    const answer = {
      ...viewOf(account),
      ...(given === undefined ? { password } : {}),
      ...warningsOf(idle.map((group) => `The policy maps the group '${group}' to no scope`))
    }
    return HttpServerResponse.unsafeJson(answer, { status: 201 })
  })

const notOwn = new Forbidden(problem("You can not remove your own account", "Another administrator may"))
const noSuchUser = new NotFound(problem("There is no such account"))

const unsaid = (username: string, provider: string): BadRequest =>
  new BadRequest(
    fieldProblem(
      "delete_from_keycloak",
      "nothing",
      `${username} is a person of ${provider}: true deletes them there, for every application that knows them by it; false removes the account here alone, and they may come again`
    )
  )

/** Somebody of the provider may be there for more than this gateway: they are deleted there by word alone, whoever made them. */
const removedThere = (account: AccountDetails, fromDirectory: boolean | undefined) =>
  Effect.gen(function* () {
    const provider = yield* providerOf(account)
    if (provider === undefined) return false
    if (fromDirectory === undefined) return yield* unsaid(account.username, provider)
    if (!fromDirectory) return false
    return yield* Effect.catchTag(removePersonThere(account), "DirectoryFailure", directoryFailures.DirectoryFailure)
  })

const remove = (request: Request, username: string, fromDirectory: boolean | undefined) =>
  Effect.gen(function* () {
    const { claims } = yield* changingAdministrator(request, MANAGE, "remove users", username)
    const accounts = yield* Accounts
    const collaborators = yield* Collaborators
    const { publicUrl } = yield* ControlPlaneConfig
    const account = yield* Effect.catchTag(accounts.get(username), "AccountsUnavailable", unreachable)
    if (account === undefined) return yield* noSuchUser
    const names = yield* namesOf(publicUrl, publicUrl, username)
    if (isAmong(names, claims)) return yield* notOwn
    const isGoneThere = yield* removedThere(account, fromDirectory)
    // What was given ends before the account does: cut off here, there is still an account to repeat it for.
    yield* Effect.forEach(names, endAccess, { discard: true }).pipe(
      Effect.zipRight(Effect.flatMap(AuthorizationServer, ({ endAll }) => endAll(account.username))),
      Effect.zipRight(Effect.catchTag(collaborators.forget(username), "StoreUnavailable", storeDown)),
      Effect.zipRight(accounts.remove(username)),
      Effect.catchTags({
        AccountsUnavailable: unreachable,
        GrantsUnavailable: unavailable,
        RevocationNotStored: notStored
      })
    )
    return { success: true, deleted_from_keycloak: isGoneThere } as const
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "users", (handlers) =>
  handlers
    .handle("list", ({ request, urlParams }) => list(request, urlParams))
    .handleRaw("create", ({ request }) => received(request, create(request)), whole)
    .handle(
      "remove",
      ({ path, request, urlParams }) => remove(request, path.username, urlParams.delete_from_keycloak),
      whole
    )
)
