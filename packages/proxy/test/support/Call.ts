/** A caller, a policy and calls as the gateway's pipeline makes them; everything real but the server. */
import { assert } from "@effect/vitest"
import { type Claims, Principal } from "@mcpgw/domain/Principal"
import type { RegisteredServer, ServerRecord } from "@mcpgw/domain/Server"
import { readEnvelope } from "@mcpgw/mcp/Envelope"
import { HTTP_DELETE, HTTP_GET } from "@mcpgw/policy/Methods"
import type { ScopePolicyApi } from "@mcpgw/policy/ScopePolicy"
import type { PolicyRules } from "@mcpgw/policy/Library"
import type { Ending } from "../../src/Outcome.ts"
import type { ForwardFailure, ForwardResult, Outbound, PresentedSession } from "../../src/Forward.ts"
import type { ProxyRouterApi } from "../../src/ProxyRouter.ts"

export const claimsOf = (username: string, more: Partial<Claims> = {}): Claims => ({
  issuer: "https://issuer.example",
  subject: `id-of-${username}`,
  username,
  clientId: "ide",
  groups: [],
  scopes: ["some"],
  audience: [],
  expiresAt: 4_000_000_000,
  tokenId: undefined,
  method: "oidc",
  ...more
})

/** `some` may list and call `seen`; `all` everything. */
export const RULES: PolicyRules = {
  scopes: {
    some: [{ server: "*", methods: ["tools/list", "prompts/list", "resources/list", "odd/method"], tools: ["seen"] }],
    all: [{ server: "*", methods: "all", tools: "all" }]
  }
}

export const alice = Principal.unsafeMake(claimsOf("alice"))
export const bob = Principal.unsafeMake(claimsOf("bob"))

export interface CallOptions {
  readonly method?: "GET" | "POST" | "DELETE"
  /** Method of the one message, or the whole body. */
  readonly message?: string | object
  readonly path?: string
  readonly principal?: Principal
  readonly session?: PresentedSession
  readonly headers?: Readonly<Record<string, string>>
  readonly clientAuthorization?: string
  readonly signal?: AbortSignal
  readonly search?: string
}

const bodyOf = (message: string | object): Uint8Array<ArrayBuffer> => {
  const value =
    typeof message === "string"
      ? { jsonrpc: "2.0", id: 1, method: message, ...(message === "tools/call" ? { params: { name: "seen" } } : {}) }
      : message
  return new TextEncoder().encode(JSON.stringify(value))
}

const targetOf = (router: ProxyRouterApi, path: string) => {
  const target = router.resolve(path)
  assert(target._tag === "Target", `${path} resolves to ${target._tag}`)
  return target
}

/** Builds the exchange and fails the test when the policy would not allow it. */
export const outboundOf = (router: ProxyRouterApi, policy: ScopePolicyApi, options: CallOptions = {}): Outbound => {
  const { method = "POST", message = "tools/call", path = "/time/mcp", principal = alice } = options
  const target = targetOf(router, path)
  const body = method === "POST" ? bodyOf(message) : undefined
  const envelope = body === undefined ? undefined : readEnvelope(body)
  assert(envelope === undefined || !("_tag" in envelope), JSON.stringify(envelope))
  const pseudo = { method: method === "GET" ? HTTP_GET : HTTP_DELETE, tool: undefined }
  const calls = (envelope?.messages ?? [pseudo]).map((one) => {
    const call = policy.decide(principal, { server: target.server.record.path, method: one.method, tool: one.tool })
    assert(call._tag === "AuthorizedCall", `denied: ${one.method}`)
    return call
  })
  const [first, ...rest] = calls
  assert(first !== undefined)
  return {
    calls: [first, ...rest],
    principal,
    target,
    method,
    headers: options.headers ?? { "content-type": "application/json", accept: "application/json, text/event-stream" },
    body,
    envelope,
    search: options.search ?? "",
    session: options.session,
    clientAuthorization: options.clientAuthorization,
    originalUrl: `https://gateway.example${path}`,
    remote: "192.0.2.7",
    proto: "https",
    signal: options.signal ?? new AbortController().signal,
    started: performance.now()
  }
}

/** What came back and how it ended; `ending` resolves when the router says so. */
export interface Outcome {
  readonly result: ForwardResult
  readonly ending: Promise<Ending>
  /** Every time an end was told; more than one is a fault. */
  readonly endings: ReadonlyArray<Ending>
}

export const forward = async (router: ProxyRouterApi, outbound: Outbound): Promise<Outcome> => {
  const endings: Array<Ending> = []
  const { promise, resolve } = Promise.withResolvers<Ending>()
  const result = await router.forward(outbound, (ending) => {
    endings.push(ending)
    resolve(ending)
  })
  return { result, ending: promise, endings }
}

export const responseOf = ({ result }: Outcome): Response => {
  assert(result instanceof Response, `failed: ${JSON.stringify(result)}`)
  return result
}

export const failureOf = ({ result }: Outcome): ForwardFailure => {
  assert(!(result instanceof Response), "answered")
  return result
}

export const recordOf = (path: string, more: Readonly<Partial<ServerRecord>> = {}): ServerRecord => ({
  server_name: path,
  description: "",
  path: path as ServerRecord["path"],
  proxy_pass_url: "http://127.0.0.1:8000/",
  tags: [],
  num_tools: 0,
  num_stars: 0,
  is_python: false,
  license: "",
  supported_transports: ["streamable-http"],
  headers: [],
  tool_list: [],
  is_enabled: true,
  trusted_address: true,
  registered_by: "admin",
  registered_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
  ...more
})

export const serverOf = (path: string, more: Readonly<Partial<ServerRecord>> = {}): RegisteredServer => ({
  record: recordOf(path, more),
  health: { status: "healthy", last_checked_iso: null }
})
