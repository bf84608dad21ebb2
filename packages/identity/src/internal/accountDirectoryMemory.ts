/** `AccountDirectory` in memory, for tests of what stands on it. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { AccountDirectoryApi, DirectoryAgent, DirectoryPerson } from "../AccountDirectory.ts"
import { DirectoryFailure, DirectoryRefused } from "../DirectoryError.ts"

export interface MemoryDirectory {
  /** Groups there are. */
  readonly groups?: ReadonlyArray<string>
  /** Names whose clients are there and were not made from here. */
  readonly foreign?: ReadonlyArray<string>
  /** What every call fails with while it says so. */
  readonly failing?: () => string | undefined
}

const refused = (reason: DirectoryRefused["reason"], field: string, problem: string) =>
  new DirectoryRefused({ reason, field, problem })

const notOurs = refused("taken", "name", "belongs to a client of keycloak that was not made from here")

export const makeMemory = ({
  failing = () => undefined,
  foreign = [],
  groups = []
}: MemoryDirectory): AccountDirectoryApi => {
  const people = new Map<string, DirectoryPerson>()
  const agents = new Map<string, DirectoryAgent>()
  let next = 1
  const up = <A, E>(make: () => Effect.Effect<A, E>): Effect.Effect<A, DirectoryFailure | E> =>
    Effect.suspend((): Effect.Effect<A, DirectoryFailure | E> => {
      const problem = failing()
      return problem === undefined
        ? make()
        : Effect.fail(new DirectoryFailure({ directory: "keycloak", away: true, problem }))
    })
  const unknown = (wanted: ReadonlyArray<string>) => {
    const at = wanted.findIndex((group) => !groups.includes(group))
    return at < 0 ? undefined : refused("invalid", `groups.${at}`, `is no group of keycloak: "${wanted[at]}"`)
  }
  const subject = (name: string): string => `sub-agent-${name}`
  return {
    name: "keycloak",
    people: up(() => Effect.succeed([...people.values()].sort((a, b) => (a.username < b.username ? -1 : 1)))),
    createPerson: (person) =>
      up(() => {
        const problem = unknown(person.groups)
        if (problem !== undefined) return problem
        const { email, groups: held, username } = person
        if ([...people.values()].some((one) => one.username === username)) {
          return refused("taken", "username", "is somebody's in keycloak")
        }
        const displayName = [person.firstName, person.lastName].filter((part) => part !== undefined).join(" ")
        const made = { id: `sub-${next++}`, username, email, displayName: displayName || undefined, groups: held }
        people.set(made.id, made)
        return Effect.succeed(made)
      }),
    setPersonGroups: (id, wanted) =>
      up(() => {
        const person = people.get(id)
        if (person === undefined) return refused("gone", "username", "is nobody's in keycloak any more")
        const problem = unknown(wanted)
        if (problem !== undefined) return problem
        return Effect.sync(() => void people.set(id, { ...person, groups: wanted }))
      }),
    removePerson: (id) => up(() => Effect.sync(() => people.delete(id))),
    agents: up(() => Effect.succeed([...agents.values()].sort((a, b) => (a.name < b.name ? -1 : 1)))),
    createAgent: ({ groups: wanted, name }) =>
      up(() => {
        const problem = unknown(wanted)
        if (problem !== undefined) return problem
        if (agents.has(name) || foreign.includes(name)) return refused("taken", "name", "is taken in keycloak")
        const clientId = `agent-${name}-m2m`
        agents.set(name, { name, clientId, groups: wanted })
        return Effect.succeed({
          clientId,
          secret: Redacted.make("a-secret-of-keycloak"),
          tokenUrl: "https://keycloak.test/token"
        })
      }),
    changeAgent: (name, change) =>
      up(() => {
        const agent = agents.get(name)
        if (foreign.includes(name)) return notOurs
        if (agent === undefined) return Effect.succeed(undefined)
        const wanted = change.groups ?? agent.groups
        const problem = unknown(wanted)
        if (problem !== undefined) return problem
        agents.set(name, { ...agent, groups: wanted })
        return Effect.succeed(subject(name))
      }),
    removeAgent: (name) =>
      up(() =>
        foreign.includes(name) ? notOurs : Effect.sync(() => (agents.delete(name) ? subject(name) : undefined))
      )
  }
}
