/**
 * Fetches what clients publish about themselves: metadata documents and key sets, over the application's dialler and its address policy
 * (A-33, S-06). https alone, no redirect followed, bounded in size and time; a document is made plain as a registration is.
 */
import type { OutboundFetchApi } from "@mcpgw/auth/OutboundFetch"
import type { Configuration } from "oidc-provider"
import { MetadataProblem, normalise } from "./registration.ts"

/** Bytes; the provider holds a document itself to 5 KB. */
const MOST = 65_536

/** Milliseconds, for head and body together. */
const TIMEOUT = 5_000

export const documentFetch =
  (fetch: OutboundFetchApi): NonNullable<Configuration["fetch"]> =>
  async (input) => {
    const url = input instanceof Request ? input.url : String(input)
    if (!url.startsWith("https://")) throw new Error("only https addresses are fetched")
    const response = await fetch(url, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(TIMEOUT) })
    const text = await bounded(response)
    const { status } = response
    const headers = kept(response.headers)
    const document = status === 200 ? documentOf(text, url) : undefined
    return new Response(status === 204 || status === 304 ? null : (document ?? text), { status, headers })
  }

const kept = (headers: Headers): Headers => {
  const answer = new Headers()
  for (const name of ["cache-control", "expires", "content-type"]) {
    const value = headers.get(name)
    if (value !== null) answer.set(name, value)
  }
  return answer
}

const bounded = async (response: Response): Promise<string> => {
  if (response.body === null) return ""
  const parts: Array<Uint8Array> = []
  let size = 0
  for await (const part of response.body) {
    size += part.length
    if (size > MOST) {
      throw new Error(`the document is larger than ${MOST} bytes`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts).toString("utf8")
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
