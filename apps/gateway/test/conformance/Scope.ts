/** What the client command and the runner must agree on. */

/** The environment variable that sends a client through the gateway; holds a `Through` as JSON. */
export const THROUGH = "MCPGW_CONFORMANCE"

export interface Through {
  /** The gateway's. */
  readonly url: string
  /** The administrator's session, who registers. */
  readonly cookie: string
  /** The caller's access token. */
  readonly token: string
}

/** Printed by a client that played its scenario to the end. */
export const DONE = "played to the end"

/**
 * OAuth scenarios test how a client logs in at the server itself. Through a gateway it never does: the gateway is the resource server towards
 * the client and answers for the server's own 401s.
 */
export const isOutOfScope = (scenario: string): boolean => scenario.startsWith("auth/")
