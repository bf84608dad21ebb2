/**
 * What every OAuth request passes before the provider: is it small, is it not one too many, does it come from a page that may, and is it plain.
 * The provider is loaded by the first request that gets this far. Never rejects.
 */
import { canonicalResource } from "@mcpgw/auth/LocalNames"
import { boundedText, type Unread } from "./boundedText.ts"
import { RateLimits } from "./rateLimits.ts"
import { leaveOutUntrueWords } from "./runtimeWords.ts"
import { makeNote, type Note } from "./notes.ts"
import { clientIdFor, type Metadata, MetadataProblem, normalise, withAuthMethod } from "./registration.ts"
import { methodsOf, ROUTES } from "./routes.ts"
import { MCP } from "./scopes.ts"
import type { Server, ServerParts } from "./server.ts"

export interface Desk {
  readonly handle: (
    request: Request,
    info: { readonly remote: string; readonly noted?: (note: Note) => void }
  ) => Promise<Response>
  readonly close: () => Promise<void>
}

/** Bytes; beyond it the provider would refuse without words. */
const MAX_BODY = 48 * 1024

/** A body takes no longer; an edge that lets quiet streams live cuts nobody off itself. */
const ARRIVAL_MILLIS = 15_000

/** Requests of one address within a minute. */
const PER_MINUTE = {
  [ROUTES.authorization]: 120,
  [ROUTES.code_verification]: 30,
  [ROUTES.device_authorization]: 20,
  [ROUTES.introspection]: 600,
  [ROUTES.registration]: 120,
  [ROUTES.revocation]: 120,
  [ROUTES.token]: 240
} as const

const oauthError = (
  status: number,
  error: string,
  error_description: string,
  headers: Readonly<Record<string, string>> = {}
): Response =>
  Response.json({ error, error_description }, { status, headers: { "cache-control": "no-store", ...headers } })

export const makeDesk = (parts: ServerParts): Desk => {
  const limits = new RateLimits(PER_MINUTE)
  const notes = new Map<string, Note>()
  let opened: Promise<Server> | undefined
  const server = (): Promise<Server> => {
    leaveOutUntrueWords()
    return (opened ??= import("./server.ts").then(
      ({ openServer }) => openServer(parts, notes),
      (error: unknown) => {
        opened = undefined
        throw error
      }
    ))
  }
  const answer = async (request: Request, url: URL, remote: string, note: Note): Promise<Response> => {
    const refused = early(parts, limits, request, url, remote)
    if (refused !== undefined) return refused
    const body = await bodyOf(parts, request, url)
    if (body instanceof Response) return body
    const id = crypto.randomUUID()
    notes.set(id, note)
    try {
      const target = url.pathname + plainQuery(parts, url)
      return await (await server()).carry(request, { id, remote, target }, body)
    } finally {
      notes.delete(id)
    }
  }
  return {
    handle: async (request, { remote, noted }) => {
      const url = new URL(request.url)
      const note = makeNote(`oauth:${url.pathname.split("/")[2] ?? "metadata"}`)
      try {
        return open(request, url, await answer(request, url, remote, note))
      } catch (error) {
        parts.log("an OAuth request could not be handled", error)
        return oauthError(503, "temporarily_unavailable", "The authorization server failed; its log says why")
      } finally {
        noted?.(note)
      }
    },
    close: async () => {
      const running = await opened?.catch(() => undefined)
      await running?.close()
    }
  }
}

/** Any page may read what is public, and register: neither needs a cookie nor gives a right. */
const open = (request: Request, url: URL, response: Response): Response => {
  const isPublic = url.pathname.startsWith("/.well-known/") || url.pathname === ROUTES.registration
  if (isPublic && request.headers.has("origin")) response.headers.set("access-control-allow-origin", "*")
  return response
}

const early = (
  parts: ServerParts,
  limits: RateLimits,
  request: Request,
  url: URL,
  remote: string
): Response | undefined => {
  const methods = methodsOf(url.pathname)
  if (methods === undefined) return oauthError(404, "not_found", "The authorization server has no such address")
  if (!methods.includes(request.method)) {
    const allow = methods.join(", ")
    return oauthError(405, "invalid_request", `This address takes ${allow}`, { allow })
  }
  const wait = limits.take(url.pathname, remote, Date.now())
  if (wait !== undefined) {
    const words = `Too many requests from your address: try again in ${wait} seconds`
    return oauthError(429, "temporarily_unavailable", words, { "retry-after": String(wait) })
  }
  const length = Number(request.headers.get("content-length") ?? "0")
  if (length > MAX_BODY) return tooLarge()
  if (request.method === "OPTIONS" && url.pathname === ROUTES.registration) return preflight()
  // A page is posted to from itself alone; a browser says where from.
  const isPage = /^\/oauth\/(?:interaction|device)(?:\/|$)/.test(url.pathname)
  const origin = request.headers.get("origin")
  if (isPage && request.method === "POST" && origin !== null && origin !== new URL(parts.publicUrl).origin) {
    return oauthError(403, "invalid_request", "Requests from this origin are not accepted")
  }
  return undefined
}

const preflight = (): Response =>
  new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type, mcp-protocol-version",
      "access-control-max-age": "7200"
    }
  })

/** What is sent on; undefined: nothing. */
const bodyOf = async (parts: ServerParts, request: Request, url: URL): Promise<string | undefined | Response> => {
  if (request.method === "GET" || request.method === "HEAD" || request.body === null) return undefined
  const read = await boundedText(request, MAX_BODY, ARRIVAL_MILLIS)
  if (typeof read === "string") return unread(read)
  const { text } = read
  switch (url.pathname) {
    case ROUTES.registration:
      return registration(parts, text)
    case ROUTES.introspection:
    case ROUTES.revocation:
      return withHandle(parts, text)
    case ROUTES.device_authorization:
      return withResource(parts, withScope(text))
    default:
      return withResource(parts, text)
  }
}

const unread = (why: Unread): Response => {
  switch (why) {
    case "too-large":
      return tooLarge()
    case "too-slow":
      return oauthError(408, "invalid_request", `The body did not arrive within ${ARRIVAL_MILLIS / 1000} seconds`)
    case "broken":
      return oauthError(400, "invalid_request", "The body could not be read")
  }
}

const tooLarge = (): Response => oauthError(413, "invalid_request", `The body is larger than ${MAX_BODY} bytes`)

const registration = async (parts: ServerParts, text: string): Promise<string | Response> => {
  const asked = parsed(text)
  if (asked === undefined) return oauthError(400, "invalid_client_metadata", "The body must be a JSON object")
  const plain = normalise(withAuthMethod(asked))
  if (plain instanceof MetadataProblem) return oauthError(400, plain.error, plain.error_description)
  if (!(await hasRoom(parts, plain))) {
    const words = `This gateway keeps ${parts.maxClients} registered clients, all of them in use, and takes no more`
    return oauthError(503, "temporarily_unavailable", words)
  }
  return JSON.stringify(plain)
}

/** One that is there already is none more; for another the oldest that nobody ever allowed makes room. */
const hasRoom = async ({ clients, maxClients, run }: ServerParts, metadata: Metadata): Promise<boolean> =>
  (await run(clients.count)) < maxClients ||
  (await run(clients.find(clientIdFor(metadata)))) !== undefined ||
  (await run(clients.forgetUnused(1))) > 0

const parsed = (text: string): Metadata | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Clients name a resource as they call it; everything behind this desk knows one name of each. */
const plainQuery = (parts: ServerParts, { search }: URL): string => {
  const query = withResource(parts, search.slice(1))
  return query === "" ? "" : `?${query}`
}

const withResource = ({ publicUrl }: ServerParts, text: string): string => {
  const form = new URLSearchParams(text)
  const given = form.getAll("resource")
  const plain = given.map((resource) => canonicalResource(publicUrl, resource))
  if (plain.every((resource, i) => resource === given[i])) return text
  form.delete("resource")
  for (const resource of plain) form.append("resource", resource)
  return form.toString()
}

const withHandle = async ({ handles }: ServerParts, text: string): Promise<string> => {
  const form = new URLSearchParams(text)
  const token = form.get("token")
  if (token !== null) form.set("token", await handles.handleOf(token))
  return form.toString()
}

const withScope = (text: string): string => {
  const form = new URLSearchParams(text)
  if ((form.get("scope") ?? "").trim() === "") form.set("scope", MCP)
  return form.toString()
}
