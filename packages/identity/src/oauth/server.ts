/**
 * The authorization server once it is needed: provider, pages and bridge put together. Loaded by `AuthorizationServer` at the first request,
 * because the provider costs more to load than the rest of the package. Holds no state of its own: all of it is in the store.
 */
import type { RevocationsApi } from "@mcpgw/auth/Revocations"
import type { OutboundFetchApi } from "@mcpgw/auth/OutboundFetch"
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import type * as Effect from "effect/Effect"
import type { KoaContextWithOIDC } from "oidc-provider"
import type Provider from "oidc-provider"
import type { AccountsApi } from "../Accounts.ts"
import type { ClientSourceApi } from "../ClientSource.ts"
import type { GrantsApi } from "../Grants.ts"
import type { SessionsApi } from "../Sessions.ts"
import type { SignInLink } from "../SignInLinks.ts"
import type { ArtifactStore } from "./ArtifactStore.ts"
import { type Bridge, openBridge, REQUEST_ID } from "./bridge.ts"
import type { ClientStore } from "./ClientStore.ts"
import { makeConsentMemory } from "./consentMemory.ts"
import type { ConsentStore } from "./ConsentStore.ts"
import { documentFetch } from "./documents.ts"
import { pageHeaders } from "./html.ts"
import { makeInteractions } from "./interactions.ts"
import { type KnownClients, makeKnownClients } from "./knownClients.ts"
import { attachNote, type Note } from "./notes.ts"
import { errorPage } from "./pages.ts"
import { makePeople, type People } from "./people.ts"
import { makeProvider } from "./provider.ts"
import { RateLimits } from "./rateLimits.ts"
import { noteReplays } from "./replays.ts"
import { ROUTES } from "./routes.ts"
import { MCP, withDefaultScope } from "./scopes.ts"
import type { Sealing } from "./sealing.ts"
import type { TokenHandles } from "./tokenHandle.ts"

export interface ServerParts {
  readonly publicUrl: string
  readonly corsOrigins: ReadonlyArray<string>
  readonly documentHosts: ReadonlyArray<string>
  /** Clients that are kept in all. */
  readonly maxClients: number
  readonly keys: KeyRingApi
  readonly accounts: AccountsApi
  readonly sessions: SessionsApi
  readonly revocations: RevocationsApi
  readonly grants: GrantsApi
  readonly clientSource: ClientSourceApi
  readonly fetch: OutboundFetchApi
  readonly links: () => ReadonlyArray<SignInLink>
  readonly sealing: Sealing
  readonly handles: TokenHandles
  readonly artifacts: ArtifactStore
  readonly clients: ClientStore
  readonly consents: ConsentStore
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
  readonly log: (message: string, error: unknown) => void
  readonly warn: (message: string) => void
}

/** Of one address; each makes the gateway ask a host of its choice. */
const DOCUMENTS_PER_MINUTE = 20

export interface Server {
  readonly carry: Bridge["carry"]
  readonly close: Bridge["close"]
}

/** `notes`: of the requests under way, by their id. */
export const openServer = async (parts: ServerParts, notes: ReadonlyMap<string, Note>): Promise<Server> => {
  const { publicUrl, accounts, sessions, run } = parts
  const now = (): number => Math.floor(Date.now() / 1000)
  const known = makeKnownClients(parts.clientSource)
  const people = makePeople(publicUrl, accounts, sessions, run)
  const memory = { store: parts.consents, people, known, grants: parts.grants, run, now }
  const provider = makeProvider({
    ...parts,
    known,
    people,
    now,
    consents: makeConsentMemory(memory),
    fetch: documentFetch(parts.fetch),
    fetches: new RateLimits({ document: DOCUMENTS_PER_MINUTE })
  })
  provider.on("server_error", (_ctx, error) => parts.log("the authorization server failed", error))
  noteReplays(provider, parts.warn)
  provider.use(mountedAt(publicUrl))
  provider.use(before({ provider, people, known }, notes))
  provider.use(makeInteractions({ ...parts, ...memory, known, provider }))
  return openBridge(provider.callback(), publicUrl)
}

interface Rooms {
  readonly provider: Provider
  readonly people: People
  readonly known: KnownClients
}

type Middleware = (ctx: KoaContextWithOIDC, next: () => Promise<unknown>) => Promise<void>

/** The edge takes the path of the public URL off; the addresses that are told have it. */
const mountedAt = (publicUrl: string): Middleware => {
  const mountPath = new URL(publicUrl).pathname.replace(/\/+$/, "")
  return async (ctx, next) => {
    Object.assign(ctx, { mountPath })
    await next()
  }
}

/** What is made plain before the provider looks, and what every page and document carries after it answered. */
const before =
  (rooms: Rooms, notes: ReadonlyMap<string, Note>): Middleware =>
  async (ctx, next) => {
    const note = notes.get(ctx.get(REQUEST_ID))
    if (note !== undefined) attachNote(ctx, note)
    if (ctx.path === ROUTES.authorization && !(await prepare(rooms, ctx))) return
    if (ctx.path === ROUTES.code_verification && ctx.method === "GET") {
      // Shown in the form instead of being sent by a script.
      ctx.state["userCode"] = ctx.query["user_code"]
      ctx.querystring = ""
    }
    await next()
    if (ctx.response.is("html") !== false && !ctx.response.get("content-security-policy")) ctx.set({ ...pageHeaders() })
    if (ctx.path.startsWith("/.well-known/") && isRecord(ctx.body)) ctx.body = { ...ctx.body, ...OVERRIDES }
  }

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** Narrower than what the provider could do. */
const OVERRIDES = { scopes_supported: [MCP, "openid"], response_modes_supported: ["query"] }

/** False: refused, and answered. */
const prepare = async ({ known, people, provider }: Rooms, ctx: KoaContextWithOIDC): Promise<boolean> => {
  const { query } = ctx
  if (query["response_mode"] !== undefined && query["response_mode"] !== "query") {
    return refuse(ctx, "invalid_request", "response_mode: may be query")
  }
  if (Array.isArray(query["resource"])) return refuse(ctx, "invalid_request", "resource: may be given once")
  // In the provider's words for a client that does not exist: nobody is to learn which machines there are.
  if (await isMachine(known, query["client_id"])) return refuse(ctx, "invalid_client", "client is invalid")
  const { scope } = query
  if (!Array.isArray(scope)) ctx.query = { ...query, scope: withDefaultScope(scope ?? null) }
  await leaveOthersSession(provider, people, ctx)
  return true
}

const refuse = (ctx: KoaContextWithOIDC, error: string, description: string): false => {
  ctx.status = 400
  ctx.type = "html"
  ctx.set({ ...pageHeaders() })
  ctx.body = errorPage(error, description)
  return false
}

/** One that was set up beforehand, and has no page to send a browser back to. */
const isMachine = async (known: KnownClients, id: string | Array<string> | undefined): Promise<boolean> => {
  const metadata = typeof id === "string" ? await known.metadataOf(id) : undefined
  const redirects = metadata?.["redirect_uris"]
  return metadata !== undefined && (!Array.isArray(redirects) || redirects.length === 0)
}

/** The provider's session of somebody the browser no longer is must not be gone on with. */
const leaveOthersSession = async (provider: Provider, people: People, ctx: KoaContextWithOIDC): Promise<void> => {
  const cookies = ctx.get("cookie")
  const session = await provider.Session.get(ctx)
  if (session.accountId === undefined) return
  const person = await people.person(cookies)
  if (person?.account.username === session.accountId) return
  const own = provider.cookieName("session")
  const kept = cookies.split(";").filter((pair) => !pair.trim().startsWith(own))
  ctx.req.headers.cookie = kept.join(";")
  await session.destroy()
  ctx.cookies.set(own, null, { path: "/", httpOnly: true, sameSite: "lax", overwrite: true })
}
