/**
 * **Grants** port: what the authorization server has to know of the policy and the registry, which this package may not import. Composed by
 * the application over both. Never decides about a request.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { Account } from "./Accounts.ts"

export interface ResourceDescription {
  /** What people call it: a server's name. */
  readonly title: string
  /** Has this person any grant there? False also for a server that does not exist: a stranger learns nothing by it. */
  readonly reachable: boolean
}

export interface GrantsApi {
  /** Names of the policy's scopes the person holds now. */
  readonly scopesOf: (account: Account) => ReadonlyArray<string>
  /** Of these groups those that mean something to the policy now; the others neither give nor take anything. */
  readonly meaningful: (groups: ReadonlyArray<string>) => ReadonlyArray<string>
  /** `path`: a server route without its last segment, such as `/current-time`. */
  readonly describe: (path: string, account: Account) => ResourceDescription
}

export class Grants extends Context.Tag("@mcpgw/identity/Grants")<Grants, GrantsApi>() {
  /** For tests and embedding. */
  static layerOf(grants: GrantsApi): Layer.Layer<Grants> {
    return Layer.succeed(Grants, grants)
  }
}
