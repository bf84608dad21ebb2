/** What an administrator asks a client to be, judged as registrations are, and as what it is kept. Pure, but for the ids it draws. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { randomBytes } from "node:crypto"
import { redirectProblem } from "../oauth/redirects.ts"
import { MetadataProblem, normalise, REGISTERED_CLIENT } from "../oauth/registration.ts"
import { SetUpMetadata } from "../oauth/SetUpClientStore.ts"
import { AGENT_CLIENT } from "./agentClient.ts"
import { isLoopback } from "./loopback.ts"

export interface ClientWish {
  /** 1 to 63 letters, digits and `._-`, starting with a letter or digit; undefined: one is made. */
  readonly clientId?: string | undefined
  readonly name: string
  readonly redirectUris: ReadonlyArray<string>
  /** It can keep a secret, and proves who it is by it. */
  readonly confidential: boolean
  /** http or https. */
  readonly clientUri?: string | undefined
}

interface FieldProblem {
  readonly field: string
  readonly held: string
  readonly expected: string
}

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
/** Ids of other kinds of clients. */
const TAKEN: ReadonlyArray<string> = [AGENT_CLIENT, REGISTERED_CLIENT]

const problem = (field: string, held: unknown, expected: string): { readonly problem: FieldProblem } => ({
  problem: { field, held: (JSON.stringify(held) ?? "nothing").slice(0, 120), expected }
})

export const newClientId = (): string => `client-${randomBytes(12).toString("hex")}`

const isHttpsLoopback = (uri: string): boolean => {
  const url = URL.parse(uri)
  return url !== null && url.protocol === "https:" && isLoopback(url.hostname)
}

/** What is wrong with one that none that registers itself could have either. */
const problemOfRedirects = (uris: ReadonlyArray<string>) => {
  for (const [i, uri] of uris.entries()) {
    const words = redirectProblem(uri)
    // A client with other than https redirects is a native one, and those have no https at home (RFC 8252).
    const mixed = isHttpsLoopback(uri) && uris.some((other) => !other.startsWith("https:"))
    if (words !== undefined) return problem(`redirect_uris.${i}`, uri, `it ${words}`)
    if (mixed) return problem(`redirect_uris.${i}`, uri, "on loopback beside others it must be http")
  }
  return undefined
}

const isWeb = (uri: string): boolean => /^https?:$/.test(URL.parse(uri)?.protocol ?? "")

const problemOf = ({ clientId, clientUri, name, redirectUris }: ClientWish) => {
  if (clientId !== undefined && (!ID.test(clientId) || TAKEN.some((prefix) => clientId.startsWith(prefix)))) {
    const expected = `it must have 1 to 63 letters, digits or . _ -, and not begin with ${TAKEN.join(" or ")}`
    return problem("client_id", clientId, expected)
  }
  if (name.trim() === "") return problem("client_name", name, "it must not be empty")
  if (redirectUris.length === 0) return problem("redirect_uris", redirectUris, "it must have at least one entry")
  if (clientUri !== undefined && (clientUri.length > 2_000 || !isWeb(clientUri))) {
    return problem("client_uri", clientUri, "it must be an http or https URL")
  }
  return problemOfRedirects(redirectUris)
}

const decode = Schema.decodeUnknownEither(SetUpMetadata)

export const metadataOfWish = (
  wish: ClientWish
): { readonly metadata: SetUpMetadata } | { readonly problem: FieldProblem } => {
  const wrong = problemOf(wish)
  if (wrong !== undefined) return wrong
  const plain = normalise({
    client_name: wish.name,
    redirect_uris: wish.redirectUris,
    application_type: "web",
    token_endpoint_auth_method: wish.confidential ? "client_secret_basic" : "none",
    ...(wish.clientUri === undefined ? {} : { client_uri: wish.clientUri })
  })
  if (plain instanceof MetadataProblem) {
    // Of all fields these two alone can take too much.
    const [named, expected = ""] = plain.error_description.split(": ")
    return named === "client_name"
      ? problem(named, wish.name, `it ${expected}`)
      : problem("redirect_uris", wish.redirectUris, `it ${expected}`)
  }
  return Either.match(decode(plain), {
    onLeft: () => problem("body", undefined, "it must describe a client"),
    onRight: (metadata) => ({ metadata })
  })
}
