/**
 * The addresses of the authorization server, each in the one way it is written, and what may be done there. The provider's own router knows
 * no case and overlooks a slash at the end: what is checked before it by address would not be checked for the other spellings (S-16), so
 * they get no further than this. Loads nothing.
 */

/** Where the provider has what. */
export const ROUTES = {
  authorization: "/oauth/authorize",
  code_verification: "/oauth/device",
  device_authorization: "/oauth/device_authorization",
  end_session: "/oauth/end_session",
  introspection: "/oauth/introspect",
  jwks: "/.well-known/jwks.json",
  registration: "/oauth/register",
  revocation: "/oauth/revoke",
  token: "/oauth/token"
} as const

const READ = ["GET", "HEAD"] as const
const CALLED = ["POST", "OPTIONS"] as const
const DOCUMENT = [...READ, "OPTIONS"] as const

const FIXED: ReadonlyMap<string, ReadonlyArray<string>> = new Map<string, ReadonlyArray<string>>([
  ["/.well-known/oauth-authorization-server", DOCUMENT],
  ["/.well-known/openid-configuration", DOCUMENT],
  [ROUTES.authorization, READ],
  [ROUTES.code_verification, [...READ, "POST"]],
  [ROUTES.device_authorization, CALLED],
  [ROUTES.introspection, CALLED],
  [ROUTES.registration, CALLED],
  [ROUTES.revocation, CALLED],
  [ROUTES.token, CALLED]
])

const UID = "[A-Za-z0-9_-]{10,100}"

/** A request that is gone on with, after the page it led to; and those pages. */
const OF_ONE: ReadonlyArray<readonly [RegExp, ReadonlyArray<string>]> = [
  [new RegExp(`^/oauth/(?:authorize|device|interaction)/${UID}$`), READ],
  [new RegExp(`^/oauth/interaction/${UID}/(?:login|consent)$`), ["POST"]]
]

/** The methods of an address; undefined: there is no such address. */
export const methodsOf = (pathname: string): ReadonlyArray<string> | undefined =>
  FIXED.get(pathname) ?? OF_ONE.find(([pattern]) => pattern.test(pathname))?.[1]
