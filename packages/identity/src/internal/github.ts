/**
 * Who a person is at GitHub, which has no ID tokens: its REST API with the access token that its token endpoint gave for this sign-in.
 * Organisations and teams are groups (`org`, `org/team`) when the token may see them.
 */
import type { FetchFunction } from "@mcpgw/auth/IssuerFetch"
import * as Schema from "effect/Schema"
import type { SaidClaims } from "./profile.ts"

const User = Schema.Record({ key: Schema.String, value: Schema.Unknown })
const Emails = Schema.Array(Schema.Struct({ email: Schema.String, primary: Schema.Boolean, verified: Schema.Boolean }))
const Organisations = Schema.Array(Schema.Struct({ login: Schema.String }))
const Teams = Schema.Array(
  Schema.Struct({ slug: Schema.String, organization: Schema.Struct({ login: Schema.String }) })
)

const decodeUser = Schema.decodeUnknownSync(User)
const decodeEmails = Schema.decodeUnknownSync(Emails)
const decodeOrganisations = Schema.decodeUnknownSync(Organisations)
const decodeTeams = Schema.decodeUnknownSync(Teams)

/** Reads JSON with an access token; rejects for any status but 200. */
export const readWithToken = async (fetch: FetchFunction, url: string, token: string): Promise<unknown> => {
  const response = await fetch(url, { headers: { accept: "application/json", authorization: `Bearer ${token}` } })
  if (response.status !== 200) throw new Error(`user info was answered with status ${response.status}`)
  return response.json()
}

/** `userInfo`: `https://api.github.com/user`, or an enterprise server's. `scope`: what the token endpoint says was granted. */
export const githubClaims = async (
  fetch: FetchFunction,
  userInfo: string,
  token: string,
  scope: string | undefined
): Promise<SaidClaims> => {
  const granted = new Set((scope ?? "").split(/[ ,]+/))
  const user = decodeUser(await readWithToken(fetch, userInfo, token))
  const { email: _, ...rest } = user
  const email = await verifiedEmail(fetch, userInfo, token, granted)
  const groups = granted.has("read:org") ? await groupsOf(fetch, userInfo, token) : []
  return { ...rest, ...(email === undefined ? {} : { email }), groups }
}

/** The address a profile shows is the person's choice, not a proof. */
const verifiedEmail = async (
  fetch: FetchFunction,
  userInfo: string,
  token: string,
  granted: ReadonlySet<string>
): Promise<string | undefined> => {
  if (!granted.has("user:email") && !granted.has("user")) return undefined
  const emails = decodeEmails(await readWithToken(fetch, `${userInfo}/emails`, token))
  return emails.find(({ primary, verified }) => primary && verified)?.email
}

const groupsOf = async (fetch: FetchFunction, userInfo: string, token: string): Promise<ReadonlyArray<string>> => {
  const [organisations, teams] = await Promise.all([
    readWithToken(fetch, `${userInfo}/orgs?per_page=100`, token).then(decodeOrganisations),
    readWithToken(fetch, `${userInfo}/teams?per_page=100`, token).then(decodeTeams)
  ])
  return [
    ...organisations.map(({ login }) => login),
    ...teams.map(({ organization, slug }) => `${organization.login}/${slug}`)
  ]
}
