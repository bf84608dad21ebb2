/**
 * **AccountDirectory** port: people and agents at an identity provider that lets them be administered. Does there what it is told, and knows no
 * account of ours: `directoryAccounts.ts` keeps both in step. Layers stand here and in `keycloak/KeycloakAccounts.ts`.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { type DirectoryFailure, type DirectoryRefused, noDirectory } from "./DirectoryError.ts"
import { makeMemory, type MemoryDirectory } from "./internal/accountDirectoryMemory.ts"

export interface DirectoryPerson {
  /** `sub` of the person's tokens. */
  readonly id: string
  readonly username: string
  readonly email: string | undefined
  readonly displayName: string | undefined
  readonly groups: ReadonlyArray<string>
}

export interface DirectoryAgent {
  readonly name: string
  /** Client of the provider that its tokens are given to. */
  readonly clientId: string
  readonly groups: ReadonlyArray<string>
}

/** Somebody who is to be made. */
export interface NewPerson {
  readonly username: string
  readonly email?: string | undefined
  readonly firstName?: string | undefined
  readonly lastName?: string | undefined
  /** Groups that are there and ours to give: none is made, and any other is refused. */
  readonly groups: ReadonlyArray<string>
}

/** What a program signs in with at the provider. */
export interface AgentCredential {
  readonly clientId: string
  readonly secret: Redacted.Redacted
  /** Where it gets its tokens (RFC 6749 §4.4). */
  readonly tokenUrl: string
}

type Failure = DirectoryFailure | DirectoryRefused

export interface AccountDirectoryApi {
  /** Such as `keycloak`, which is also the name of the provider its people sign in by; undefined: none is configured, and every call fails. */
  readonly name: string | undefined
  /** Everybody, by name; no machines. Fails when they are more than can be compared. */
  readonly people: Effect.Effect<ReadonlyArray<DirectoryPerson>, DirectoryFailure>
  /** Whole or not at all. */
  readonly createPerson: (person: NewPerson, password: Redacted.Redacted) => Effect.Effect<DirectoryPerson, Failure>
  /** Of the groups that are ours to give they are in these then and in no others. In the provider's other groups they stay or stay not. */
  readonly setPersonGroups: (id: string, groups: ReadonlyArray<string>) => Effect.Effect<void, Failure>
  /** False: nobody has that id. */
  readonly removePerson: (id: string) => Effect.Effect<boolean, DirectoryFailure>
  /** By name. */
  readonly agents: Effect.Effect<ReadonlyArray<DirectoryAgent>, DirectoryFailure>
  /** A client with a service account in the groups; whole or not at all, and what is left over of a failure is named in it. */
  readonly createAgent: (agent: {
    readonly name: string
    readonly groups: ReadonlyArray<string>
  }) => Effect.Effect<AgentCredential, Failure>
  /** Answers the `sub` of its tokens; undefined: there is no such agent. A change of nothing is a look. */
  readonly changeAgent: (
    name: string,
    change: { readonly groups?: ReadonlyArray<string> | undefined; readonly disabled?: boolean | undefined }
  ) => Effect.Effect<string | undefined, Failure>
  /** As `changeAgent`. */
  readonly removeAgent: (name: string) => Effect.Effect<string | undefined, Failure>
}

export class AccountDirectory extends Context.Tag("@mcpgw/identity/AccountDirectory")<
  AccountDirectory,
  AccountDirectoryApi
>() {
  /** No provider's accounts can be administered. */
  static get layerNone(): Layer.Layer<AccountDirectory> {
    return Layer.succeed(AccountDirectory, {
      name: undefined,
      people: noDirectory,
      createPerson: () => noDirectory,
      setPersonGroups: () => noDirectory,
      removePerson: () => noDirectory,
      agents: noDirectory,
      createAgent: () => noDirectory,
      changeAgent: () => noDirectory,
      removeAgent: () => noDirectory
    })
  }

  /** In memory, called `keycloak`; for tests. */
  static layerMemory(options: MemoryDirectory = {}): Layer.Layer<AccountDirectory> {
    return Layer.sync(AccountDirectory, () => makeMemory(options))
  }
}
