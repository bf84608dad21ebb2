/**
 * Brings one thing in a Keycloak realm to what is wanted: creates it, changes it, or finds nothing to do, and says which. Adds and
 * corrects only what is ours; never deletes, and takes no name that something of another kind has.
 */
import * as Effect from "effect/Effect"
import { GROUP_ATTRIBUTE, newRealm, type WantedClient, type WantedMapper } from "../../keycloak/Blueprint.ts"
import type { AdminFailure } from "../../keycloak/KeycloakAdmin.ts"
import { type KeycloakError, KeycloakNameTaken, KeycloakUnexpected } from "../../keycloak/KeycloakError.ts"
import { at, findClient, findClientScope, findGroup, findUser, type Id, listed, type Place } from "./lookups.ts"
import { type Client, Mappers, NamedList, Realm } from "./representations.ts"

export type Change = "created" | "changed" | "unchanged"

export interface Step {
  readonly change: Change
  /** Such as `client mcp-gateway-web`. */
  readonly what: string
}

export interface Work extends Place {
  /** Reads and says what would be done, and writes nothing. */
  readonly dryRun: boolean
  readonly onStep: (step: Step) => Effect.Effect<void>
}

const post = (work: Work, path: string, body: unknown) => (work.dryRun ? Effect.void : work.admin.post(path, body))
const put = (work: Work, path: string, body?: unknown) => (work.dryRun ? Effect.void : work.admin.put(path, body))

const said = (work: Work, change: Change, what: string): Effect.Effect<void> => work.onStep({ change, what })

/** What was just made has to be found, but in a dry run. */
const made = (work: Work, what: string, found: Id): Effect.Effect<Id, KeycloakUnexpected> =>
  found !== undefined || work.dryRun
    ? Effect.succeed(found)
    : new KeycloakUnexpected({ action: `the making of ${what}`, problem: "success, and does not show it" })

export const hasRealm = (work: Work): Effect.Effect<boolean, AdminFailure> =>
  Effect.map(work.admin.get(at(work), Realm), (found) => found !== undefined)

export const ensureRealm = (work: Work): Effect.Effect<void, AdminFailure> =>
  Effect.gen(function* () {
    const found = yield* hasRealm(work)
    if (!found) yield* post(work, "", newRealm(work.realm))
    yield* said(work, found ? "unchanged" : "created", `realm ${work.realm}`)
  })

export const ensureGroup = (work: Work, name: string): Effect.Effect<Id, AdminFailure> =>
  Effect.gen(function* () {
    const found = yield* findGroup(work, name)
    if (found === undefined) yield* post(work, at(work, "groups"), { name, attributes: { [GROUP_ATTRIBUTE]: [name] } })
    yield* said(work, found === undefined ? "created" : "unchanged", `group ${name}`)
    return found ?? (yield* made(work, `group ${name}`, yield* findGroup(work, name)))
  })

export const ensureClientScope = (work: Work, name: string): Effect.Effect<Id, AdminFailure> =>
  Effect.gen(function* () {
    const found = yield* findClientScope(work, name)
    if (found === undefined) {
      yield* post(work, at(work, "client-scopes"), {
        name,
        protocol: "openid-connect",
        attributes: { "include.in.token.scope": "true", "display.on.consent.screen": "true" }
      })
    }
    yield* said(work, found === undefined ? "created" : "unchanged", `client scope ${name}`)
    return found ?? (yield* made(work, `client scope ${name}`, yield* findClientScope(work, name)))
  })

export const ensureClient = (work: Work, wanted: WantedClient): Effect.Effect<Id, KeycloakError> =>
  Effect.gen(function* () {
    const what = `client ${wanted.clientId}`
    const found = yield* findClient(work, wanted.clientId)
    if (found === undefined) {
      yield* post(work, at(work, "clients"), { ...wanted, protocol: "openid-connect" })
      yield* said(work, "created", what)
      return yield* made(work, what, (yield* findClient(work, wanted.clientId))?.id)
    }
    const problem = otherKind(found)
    if (problem !== undefined) return yield* new KeycloakNameTaken({ what, problem })
    const same = isAsWanted(wanted, found)
    if (!same) yield* put(work, at(work, "clients", found.id), wanted)
    yield* said(work, same ? "unchanged" : "changed", what)
    return found.id
  })

/** A client that cannot be ours keeps its name: turning a public one confidential would break whoever uses it. */
const otherKind = (client: Client): string | undefined => {
  if (client.protocol !== undefined && client.protocol !== "openid-connect") return `it is a ${client.protocol} client`
  if (client.bearerOnly) return "it is a bearer-only client"
  return client.publicClient ? "it is a public client, which has no secret" : undefined
}

/** Does `found` hold everything in `wanted`? Lists are sets; what else it holds does not matter. */
const isAsWanted = (wanted: unknown, found: unknown): boolean => {
  if (Array.isArray(wanted)) return Array.isArray(found) && String([...wanted].sort()) === String([...found].sort())
  if (typeof wanted !== "object" || wanted === null) return wanted === found
  if (typeof found !== "object" || found === null) return false
  const held = new Map<string, unknown>(Object.entries(found))
  return Object.entries(wanted).every(([key, value]) => isAsWanted(value, held.get(key)))
}

export const ensureMapper = (work: Work, client: Id, clientId: string, wanted: WantedMapper) =>
  Effect.gen(function* () {
    const what = `mapper ${wanted.name} of ${clientId}`
    if (client === undefined) return yield* said(work, "created", what)
    const path = at(work, "clients", client, "protocol-mappers", "models")
    const found = (yield* listed(work, path, Mappers)).find(({ name }) => name === wanted.name)
    if (found === undefined) yield* post(work, path, wanted)
    else if (found.protocolMapper !== wanted.protocolMapper) {
      return yield* new KeycloakNameTaken({ what, problem: `it is a ${found.protocolMapper}` })
    }
    const same = found !== undefined && isAsWanted(wanted.config, found.config)
    if (found !== undefined && !same) {
      const config = { ...found.config, ...wanted.config }
      yield* put(work, `${path}/${encodeURIComponent(found.id)}`, { ...wanted, id: found.id, config })
    }
    yield* said(work, found === undefined ? "created" : same ? "unchanged" : "changed", what)
  })

/** Lets a client ask for the scopes; none is in its tokens unasked. */
export const ensureOptionalScopes = (work: Work, client: Id, clientId: string, scopes: ReadonlyMap<string, Id>) =>
  Effect.gen(function* () {
    const path = client === undefined ? undefined : at(work, "clients", client, "optional-client-scopes")
    const held = path === undefined ? [] : yield* listed(work, path, NamedList)
    for (const [name, id] of scopes) {
      const has = held.some((scope) => scope.name === name)
      if (!has && path !== undefined && id !== undefined) yield* put(work, `${path}/${encodeURIComponent(id)}`)
      yield* said(work, has ? "unchanged" : "created", `scope ${name} of ${clientId}`)
    }
  })

export interface Member {
  /** Undefined: the account would be created. */
  readonly user: Id
  /** As steps name it. */
  readonly name: string
}

/** Adds the account to the groups; answers those it is in besides. */
export const ensureMembership = (
  work: Work,
  { user, name }: Member,
  groups: ReadonlyMap<string, Id>
): Effect.Effect<ReadonlyArray<string>, AdminFailure> =>
  Effect.gen(function* () {
    const path = user === undefined ? undefined : at(work, "users", user, "groups")
    const held = path === undefined ? [] : yield* listed(work, `${path}?max=1000`, NamedList)
    for (const [group, id] of groups) {
      const has = held.some((one) => one.id === id)
      if (!has && path !== undefined && id !== undefined) yield* put(work, `${path}/${encodeURIComponent(id)}`)
      yield* said(work, has ? "unchanged" : "created", `${name} in group ${group}`)
    }
    return held.map((group) => group.name).filter((group) => !groups.has(group))
  })

/** `password` is used for a new person only; an existing one keeps theirs. */
export const ensureUser = (work: Work, username: string, password: string) =>
  Effect.gen(function* () {
    const found = yield* findUser(work, username)
    if (found === undefined) {
      yield* post(work, at(work, "users"), {
        username,
        enabled: true,
        // Without these Keycloak asks for them at the first sign-in.
        firstName: username,
        lastName: "Test",
        email: `${username}@example.com`,
        emailVerified: true,
        credentials: [{ type: "password", value: password, temporary: false }]
      })
    }
    yield* said(work, found === undefined ? "created" : "unchanged", `user ${username}`)
    const id = found ?? (yield* made(work, `user ${username}`, yield* findUser(work, username)))
    return { id, isNew: found === undefined }
  })
