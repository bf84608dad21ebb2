/** What the swap suite asks of an identity provider: how the gateway is told of it, how people sign in, how machines get a token. */
import type { Browser, Page } from "./Browser.ts"

export interface Person {
  readonly username: string
  readonly password: string
}

export interface Idp {
  readonly name: string
  /** Makes ready for a gateway at this origin, which has not started yet. */
  readonly start: (gateway: Gateway) => Promise<Started>
}

export interface Gateway {
  readonly url: string
  readonly dataDir: string
}

export interface Started {
  /** The gateway's settings. */
  readonly env: Readonly<Record<string, string>>
  /** In the group `MEMBERS`. */
  readonly member: Person
  /** In no group. */
  readonly stranger: Person
  /** What `/api/auth/me` says of people who signed in: `provider`. */
  readonly provider: string
  /** From the gateway's own door to whatever page comes last. */
  readonly signIn: (browser: Browser, person: Person) => Promise<Page>
  /** A token of a machine that is in the group, or in none. */
  readonly machineToken: (of: "member" | "stranger") => Promise<string>
  readonly stop: () => Promise<void>
}

/** A group of the default policy, mapped by the suite's own. */
export const MEMBERS = "mcp-registry-user"
