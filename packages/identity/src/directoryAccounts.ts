/**
 * Accounts of people and agents that are kept in step with an identity provider that lets its own be administered (`AccountDirectory`): what is
 * made, changed or removed here is so there, or neither, or the failure says which half is done. Who is in a provider's groups decides at the next
 * sign-in, so the provider comes first. Asks for no right.
 */
import type { Revocations, RevocationNotStored } from "@mcpgw/auth/Revocations"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { AccountExists, type AccountsUnavailable, type InvalidAccount } from "./AccountError.ts"
import { AccountDirectory, type AgentCredential, type NewPerson } from "./AccountDirectory.ts"
import { type AccountDetails, Accounts } from "./Accounts.ts"
import { type Agent, type AgentExists, Agents, type AgentsApi, type InvalidAgent } from "./Agents.ts"
import { DirectoryFailure, DirectoryRefused } from "./DirectoryError.ts"
import { endAccess } from "./endAccess.ts"
import { judged } from "./internal/newAccount.ts"
import { agentClient } from "./keycloak/Blueprint.ts"
import type { Sessions } from "./Sessions.ts"

type Refused = DirectoryFailure | DirectoryRefused

/**
 * A person of the provider, who has an account here from now on and not only from their first sign-in. When it can not be made here, the provider
 * is made to forget them.
 */
export const createPersonThere = (
  person: NewPerson,
  password: string
): Effect.Effect<
  AccountDetails,
  Refused | InvalidAccount | AccountExists | AccountsUnavailable,
  AccountDirectory | Accounts
> =>
  Effect.gen(function* () {
    const directory = yield* AccountDirectory
    const accounts = yield* Accounts
    const { username } = person
    yield* judged(username, password)
    if ((yield* accounts.get(username)) !== undefined) return yield* new AccountExists({ username })
    const { id, ...made } = yield* directory.createPerson(person, Redacted.make(password))
    const profile = { ...made, subject: id }
    const signedIn = yield* accounts.signIn(directory.name ?? "", profile).pipe(
      Effect.catchTag("AccountDisabled", () => Effect.fail(new AccountExists({ username }))),
      Effect.tapError(() => Effect.mapError(directory.removePerson(id), leftThere(username)))
    )
    return signedIn.account
  })

const leftThere = (name: string) => (failure: DirectoryFailure) =>
  new DirectoryFailure({
    directory: failure.directory,
    away: failure.away,
    problem: `${name} is in ${failure.directory} and has no account here, which could not be made, and can not be removed there: ${failure.message}`
  })

/** Is the account one that the provider can be told of? */
const idThere = ({ provider, subject }: AccountDetails, name: string | undefined): string | undefined =>
  name !== undefined && provider === name ? subject : undefined

/** The provider whose person it is, when its people are administered from here. */
export const providerOf = (account: AccountDetails): Effect.Effect<string | undefined, never, AccountDirectory> =>
  Effect.map(AccountDirectory, ({ name }) => (idThere(account, name) === undefined ? undefined : name))

/** The provider's half of a change of somebody's groups. True: it was done there. */
export const setGroupsThere = (
  account: AccountDetails,
  groups: ReadonlyArray<string>
): Effect.Effect<boolean, Refused, AccountDirectory> =>
  Effect.gen(function* () {
    const directory = yield* AccountDirectory
    const id = idThere(account, directory.name)
    if (id === undefined) return false
    yield* directory.setPersonGroups(id, groups)
    return true
  })

/** The provider's half of somebody's removal. False: it knows them not, or no more. */
export const removePersonThere = (
  account: AccountDetails
): Effect.Effect<boolean, DirectoryFailure, AccountDirectory> =>
  Effect.gen(function* () {
    const directory = yield* AccountDirectory
    const id = idThere(account, directory.name)
    return id === undefined ? false : yield* directory.removePerson(id)
  })

/** An agent here and at the provider. When it can not be made there, it is not here either. */
export const createAgentThere = (
  agent: Pick<Agent, "name" | "description" | "groups">
): Effect.Effect<
  { readonly agent: Agent; readonly credential: AgentCredential },
  Refused | InvalidAgent | AgentExists | AccountsUnavailable,
  AccountDirectory | Agents
> =>
  Effect.gen(function* () {
    const directory = yield* AccountDirectory
    const agents = yield* Agents
    const made = yield* agents.create(agent)
    const credential = yield* Effect.tapError(directory.createAgent(agent), () => agents.remove(agent.name))
    return { agent: made, credential }
  })

/** Under which issuers the provider's tokens are known. */
export type Issuers = ReadonlyMap<string, ReadonlyArray<string>>

/** Refuses what an agent of the provider was given up to now. */
const endThere = (issuers: Issuers, subject: string | undefined) =>
  Effect.flatMap(AccountDirectory, ({ name = "" }) =>
    Effect.forEach(subject === undefined || subject === "" ? [] : (issuers.get(name) ?? []), (issuer) =>
      endAccess({ issuer, subject: subject ?? "" })
    )
  )

/** What an administrator changes of an agent. */
type AgentChange = Parameters<AgentsApi["update"]>[1]

/**
 * A change of an agent, here and at the provider when that has one of its name. Shutting out is done here whatever the provider says to it, and the
 * failure says so. Tokens that the provider gave it before are refused.
 */
export const changeAgentThere = (
  name: string,
  change: AgentChange,
  issuers: Issuers
): Effect.Effect<
  Agent | undefined,
  Refused | InvalidAgent | AccountsUnavailable | RevocationNotStored,
  AccountDirectory | Agents | Revocations | Sessions
> =>
  Effect.gen(function* () {
    const directory = yield* AccountDirectory
    const agents = yield* Agents
    const { disabled, groups } = change
    const isTold = directory.name !== undefined && (groups !== undefined || disabled !== undefined)
    if (!isTold || (yield* agents.get(name)) === undefined) return yield* agents.update(name, change)
    if (disabled === true) yield* agents.update(name, { disabled })
    const subject = yield* Effect.mapError(directory.changeAgent(name, { groups, disabled }), (error) =>
      disabled === true ? shutOutHere(name, error) : error
    )
    yield* endThere(issuers, subject)
    return yield* agents.update(name, change)
  })

const shutOutHere = (name: string, error: Refused): Refused =>
  error._tag === "DirectoryFailure"
    ? new DirectoryFailure({
        directory: error.directory,
        away: error.away,
        problem: `${name} is shut out here, and may not be in ${error.directory}: ${error.message}`
      })
    : new DirectoryRefused({
        reason: error.reason,
        field: error.field,
        problem: `${error.problem}. The agent is shut out here`
      })

/** The provider's half of an agent's removal. False: it knew none of that name. Failed half way, the same again does the rest. */
export const removeAgentThere = (
  name: string,
  issuers: Issuers
): Effect.Effect<
  boolean,
  Refused | AccountsUnavailable | RevocationNotStored,
  AccountDirectory | Revocations | Sessions
> =>
  Effect.gen(function* () {
    const directory = yield* AccountDirectory
    if (directory.name === undefined) return false
    // Shut out there first, so that no token is made between the end of all and the removal, after which nobody knows whose they were.
    const subject = yield* directory.changeAgent(name, { disabled: true })
    if (subject === undefined) return false
    yield* endThere(issuers, subject)
    yield* directory.removeAgent(name)
    return true
  })

const staysShutOut = (name: string, directory: string): DirectoryRefused =>
  new DirectoryRefused({
    reason: "taken",
    field: "name",
    problem: `is shut out here, and ${directory} has a client ${agentClient(name)} that would come in again if it was not: remove it there too, without delete_from_keycloak=false; when it was not made from here, after mcpgw keycloak add-agent --agent ${name}, which makes it the agent's`
  })

const notLookedUp = (name: string) => (error: DirectoryFailure) =>
  new DirectoryFailure({
    directory: error.directory,
    away: error.away,
    problem: `${name} is shut out here, and is removed here alone when it is known that ${error.directory} has no client of it: ${error.message}`
  })

/**
 * An agent's removal here and nowhere else. One that is shut out stays, and so does what shuts its client's tokens out, while the provider has a
 * client of its name, whoever made that. False: there is no such agent.
 */
export const removeAgentHere = (
  name: string
): Effect.Effect<boolean, Refused | AccountsUnavailable, AccountDirectory | Agents> =>
  Effect.gen(function* () {
    const directory = yield* AccountDirectory
    const agents = yield* Agents
    if (directory.name !== undefined && (yield* agents.get(name))?.disabled === true) {
      // A change of nothing: it says whether there is one.
      const isThere = yield* directory.changeAgent(name, {}).pipe(
        Effect.map((subject) => subject !== undefined),
        Effect.catchTags({ DirectoryRefused: () => Effect.succeed(true), DirectoryFailure: notLookedUp(name) })
      )
      if (isThere) return yield* staysShutOut(name, directory.name)
    }
    return yield* agents.remove(name)
  })
