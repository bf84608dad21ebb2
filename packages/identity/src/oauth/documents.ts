/**
 * Fetches what clients publish about themselves: metadata documents and key sets, over the application's dialler and its address policy
 * (A-33, S-06). https alone, no redirect followed, bounded in size and time; a document is made plain as a registration is.
 */
import { limited } from "@mcpgw/auth/IssuerFetch"
import type { OutboundFetchApi } from "@mcpgw/auth/OutboundFetch"
import type { Configuration } from "oidc-provider"
import { MetadataProblem, normalise } from "./registration.ts"

/** The provider holds a document itself to 5 KB. */
const LIMITS = { maxBytes: 65_536, timeoutMillis: 5_000 }

export const documentFetch = (fetch: OutboundFetchApi): NonNullable<Configuration["fetch"]> => {
  const read = limited(
    (url, { signal } = {}) => fetch(url, signal instanceof AbortSignal ? { ...JSON_ONLY, signal } : JSON_ONLY),
    LIMITS
  )
  return async (input) => {
    const url = input instanceof Request ? input.url : String(input)
    if (!url.startsWith("https://")) throw new Error("only https addresses are fetched")
    const response = await read(url)
    const { status } = response
    const text = await response.text()
    const document = status === 200 ? documentOf(text, url) : undefined
    return new Response(response.body === null ? null : (document ?? text), { status, headers: kept(response.headers) })
  }
}

const JSON_ONLY = { headers: { accept: "application/json" } }

const kept = (headers: Headers): Headers => {
  const answer = new Headers()
  for (const name of ["cache-control", "expires", "content-type"]) {
    const value = headers.get(name)
    if (value !== null) answer.set(name, value)
  }
  return answer
}

/** A client's document, made plain; undefined for anything else, which passes as it is. */
const documentOf = (text: string, url: string): string | undefined => {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof parsed !== "object" || parsed === null || !("client_id" in parsed) || parsed.client_id !== url) {
    return undefined
  }
  const plain = normalise({ token_endpoint_auth_method: "none", ...parsed })
  if (plain instanceof MetadataProblem) throw new Error(plain.error_description)
  return JSON.stringify(plain)
}
