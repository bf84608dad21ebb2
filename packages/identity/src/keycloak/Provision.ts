/**
 * Sets a Keycloak up for this gateway (contracts.md §2.14, `keycloak/setup`): realm, groups, scopes, clients with their mappers, service
 * accounts of agents, people to try it with. Run again it changes nothing and says so. Makes up no default password.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import {
  ensureClient,
  ensureClientScope,
  ensureGroup,
  ensureMapper,
  ensureMembership,
  ensureOptionalScopes,
  ensureRealm,
  ensureUser,
  hasRealm,
  type Step,
  type Work
} from "../internal/keycloak/ensure.ts"
import { findGroup, findServiceAccount } from "../internal/keycloak/lookups.ts"
import {
  agentClient,
  agentMachine,
  CLIENT_SCOPES,
  GROUPS,
  M2M_CLIENT,
  machineClient,
  MAPPERS,
  TEST_USERS,
  type WantedClient,
  webClient
} from "./Blueprint.ts"
import { KeycloakAdmin } from "./KeycloakAdmin.ts"
import { type KeycloakError, KeycloakNotFound } from "./KeycloakError.ts"

export type { Step } from "../internal/keycloak/ensure.ts"

export interface ProvisionOptions {
  readonly realm: string
  /** Reads, and says what would be done; writes nothing. */
  readonly dryRun: boolean
  /** Called for each thing when it is done with. */
  readonly onStep: (step: Step) => Effect.Effect<void>
}

export interface InitOptions extends ProvisionOptions {
  /** The gateway's origin, without a slash at its end. */
  readonly publicUrl: string
  /** Groups of the gateway's own machine account; none means that its tokens open nothing. */
  readonly m2mGroups: ReadonlyArray<string>
  /** `TEST_USERS` too, each with the password given here or a generated one. */
  readonly testUsers: Option.Option<ReadonlyMap<string, Redacted.Redacted>>
}

/** A person who was made by this run, to be shown once. */
export interface NewUser {
  readonly username: string
  readonly password: Redacted.Redacted
}

type Groups = ReadonlyMap<string, string | undefined>

export const init = (
  options: InitOptions
): Effect.Effect<{ readonly users: ReadonlyArray<NewUser> }, KeycloakError, KeycloakAdmin> =>
  Effect.gen(function* () {
    const work: Work = { ...options, admin: yield* KeycloakAdmin }
    yield* ensureRealm(work)
    const groups = yield* each(GROUPS, (name) => ensureGroup(work, name))
    const scopes = yield* each(CLIENT_SCOPES, (name) => ensureClientScope(work, name))
    const wanted = yield* groupsNamed(work, options.m2mGroups, groups)
    yield* clientWith(work, webClient(options.publicUrl), scopes)
    const m2m = yield* clientWith(work, machineClient(M2M_CLIENT, "MCP Gateway, machine account"), scopes)
    const user = yield* findServiceAccount(work, m2m)
    yield* ensureMembership(work, { user, name: M2M_CLIENT }, wanted)
    const users = Option.isNone(options.testUsers) ? [] : yield* people(work, options.testUsers.value, groups)
    return { users }
  })

export interface AgentOptions extends ProvisionOptions {
  /** As `AGENT_NAME`. */
  readonly agent: string
  /** Groups that are there; never made here, so that a misspelt one is not one more group nobody mapped. */
  readonly groups: ReadonlyArray<string>
}

/** A service account for an agent; answers the groups it was in already besides those asked for. */
export const addAgent = (
  options: AgentOptions
): Effect.Effect<{ readonly clientId: string; readonly alsoIn: ReadonlyArray<string> }, KeycloakError, KeycloakAdmin> =>
  Effect.gen(function* () {
    const work: Work = { ...options, admin: yield* KeycloakAdmin }
    const clientId = agentClient(options.agent)
    yield* requireRealm(work)
    const groups = yield* groupsNamed(work, options.groups, new Map())
    const scopes = yield* each(CLIENT_SCOPES, (name) => ensureClientScope(work, name))
    const client = yield* clientWith(work, agentMachine(options.agent), scopes)
    const user = yield* findServiceAccount(work, client)
    return { clientId, alsoIn: yield* ensureMembership(work, { user, name: clientId }, groups) }
  })

const requireRealm = (work: Work): Effect.Effect<void, KeycloakError> =>
  Effect.flatMap(hasRealm(work), (found) =>
    found ? Effect.void : new KeycloakNotFound({ what: `realm ${work.realm}`, instead: "init makes it" })
  )

const each = <E>(
  names: ReadonlyArray<string>,
  ensure: (name: string) => Effect.Effect<string | undefined, E>
): Effect.Effect<Groups, E> =>
  Effect.map(
    Effect.forEach(names, (name) => Effect.map(ensure(name), (id) => [name, id] as const)),
    (entries) => new Map(entries)
  )

/** `known`: those this run has made sure of, which a dry run would not find. */
const groupsNamed = (work: Work, names: ReadonlyArray<string>, known: Groups): Effect.Effect<Groups, KeycloakError> =>
  each(names, (name) =>
    known.has(name)
      ? Effect.succeed(known.get(name))
      : Effect.flatMap(findGroup(work, name), (id) =>
          id === undefined
            ? new KeycloakNotFound({
                what: `group ${JSON.stringify(name)} of realm ${work.realm}`,
                instead: `init makes ${GROUPS.join(", ")}; make others in Keycloak and map them in scopes.yml`
              })
            : Effect.succeed(id)
        )
  )

const clientWith = (work: Work, wanted: WantedClient, scopes: Groups) =>
  Effect.gen(function* () {
    const id = yield* ensureClient(work, wanted)
    for (const mapper of MAPPERS) yield* ensureMapper(work, id, wanted.clientId, mapper)
    yield* ensureOptionalScopes(work, id, wanted.clientId, scopes)
    return id
  })

const people = (work: Work, passwords: ReadonlyMap<string, Redacted.Redacted>, groups: Groups) =>
  Effect.gen(function* () {
    const users: Array<NewUser> = []
    for (const person of TEST_USERS) {
      const password = passwords.get(person.username) ?? Redacted.make(generated())
      const { id, isNew } = yield* ensureUser(work, person.username, Redacted.value(password))
      const wanted = new Map(person.groups.map((name) => [name, groups.get(name)]))
      // Someone who was there before may be anybody.
      if (isNew) yield* ensureMembership(work, { user: id, name: person.username }, wanted)
      if (isNew && !work.dryRun) users.push({ username: person.username, password })
    }
    return users
  })

/** 24 characters, 144 bits. */
const generated = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64url")
