/**
 * **GroupDirectory** port: the groups of an identity provider that lets them be administered, kept in step with those of the policy. Knows group
 * names alone; who is in them is the provider's business, and what they open is the policy's. Layers stand here and in `keycloak/KeycloakGroups.ts`.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DirectoryFailure, noDirectory } from "./DirectoryError.ts"

export interface DirectoryGroup {
  readonly id: string
  readonly name: string
  /** `/` and the name; of a group within another, the other's first. */
  readonly path: string
}

/** `foreign`: it is there, was not made from here, and stays. */
export type GroupRemoval = "removed" | "absent" | "foreign"

export interface GroupDirectoryApi {
  /** Such as `keycloak`; undefined: none is configured, and every call fails. */
  readonly name: string | undefined
  /** Those at the top, by name. */
  readonly list: Effect.Effect<ReadonlyArray<DirectoryGroup>, DirectoryFailure>
  /** Marked as made from here. False: one of that name was there before, and stays as it is. */
  readonly create: (name: string, description: string) => Effect.Effect<boolean, DirectoryFailure>
  /** Removes no group but one that was made from here by that name. */
  readonly remove: (name: string) => Effect.Effect<GroupRemoval, DirectoryFailure>
}

export class GroupDirectory extends Context.Tag("@mcpgw/identity/GroupDirectory")<GroupDirectory, GroupDirectoryApi>() {
  /** No provider's groups can be administered. */
  static get layerNone(): Layer.Layer<GroupDirectory> {
    return Layer.succeed(GroupDirectory, {
      name: undefined,
      list: noDirectory,
      create: () => noDirectory,
      remove: () => noDirectory
    })
  }

  /** In memory; `names` were not made from here. `failing`: what every call fails with while it says so; for tests. */
  static layerMemory(
    names: ReadonlyArray<string> = [],
    failing: () => string | undefined = () => undefined
  ): Layer.Layer<GroupDirectory> {
    return Layer.sync(GroupDirectory, () => makeMemory(names, failing))
  }
}

const makeMemory = (names: ReadonlyArray<string>, failing: () => string | undefined): GroupDirectoryApi => {
  /** And whether they were made from here. */
  const held = new Map(names.map((name) => [name, false]))
  const once = <A>(make: () => A): Effect.Effect<A, DirectoryFailure> =>
    Effect.suspend(() => {
      const problem = failing()
      return problem === undefined
        ? Effect.sync(make)
        : Effect.fail(new DirectoryFailure({ directory: "memory", away: true, problem }))
    })
  return {
    name: "keycloak",
    list: once(() => [...held.keys()].sort().map((name) => ({ id: `id-${name}`, name, path: `/${name}` }))),
    create: (name) => once(() => !held.has(name) && held.set(name, true).has(name)),
    remove: (name) =>
      once(() => {
        const isOurs = held.get(name)
        if (isOurs !== true) return isOurs === undefined ? "absent" : "foreign"
        held.delete(name)
        return "removed"
      })
  }
}
