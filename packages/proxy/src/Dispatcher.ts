/**
 * Dispatch of one exchange: headers out, bytes out as received, the answer handed to the relay by its kind. The only maker of
 * the sealed session ids that clients see.
 */
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import { Memo } from "@mcpgw/domain/Memo"
import type { Claims } from "@mcpgw/domain/Principal"
import type { ServerRecord } from "@mcpgw/domain/Server"
import type { Deadlines } from "@mcpgw/egress/Deadlines"
import { endpointOf, sseEndpointOf } from "@mcpgw/egress/Endpoint"
import { type UpstreamAnswer, type UpstreamApi, UpstreamFailure } from "@mcpgw/egress/Upstream"
import { eraOf } from "@mcpgw/mcp/HeaderClaims"
import { SESSION_ID } from "@mcpgw/mcp/HeaderNames"
import type { Policy } from "@mcpgw/policy/Policy"
import type { ScopePolicyApi } from "@mcpgw/policy/ScopePolicy"
import { type Answer, readHead, unusable } from "./Answer.ts"
import { relayAnswer } from "./AnswerRelay.ts"
import { CredentialProblem, type CredentialsApi } from "./Credentials.ts"
import { failure, type ForwardResult, type Outbound } from "./Forward.ts"
import type { OnEnd } from "./Outcome.ts"
import type { OpenStreams } from "./OpenStreams.ts"
import type { ProxyOptions } from "./ProxyRouter.ts"
import { RequestHeaders } from "./RequestHeaders.ts"
import { sealFor } from "./SessionGate.ts"
import { openStates } from "./StateGate.ts"

export interface DispatcherParts {
  readonly upstream: UpstreamApi
  readonly policy: ScopePolicyApi
  readonly credentials: CredentialsApi
  readonly keys: KeyRingApi
  readonly streams: OpenStreams
  readonly deadlines: Deadlines
  readonly options: ProxyOptions
}

const MAX_RESTS = 8

export class Dispatcher {
  readonly parts: DispatcherParts
  private readonly requestHeaders = new RequestHeaders()
  private readonly endpoints = new WeakMap<ServerRecord, Map<string, string>>()
  private readonly scopeTexts = new Memo<Claims, { readonly policy: Policy; readonly text: string }>()

  constructor(parts: DispatcherParts) {
    this.parts = parts
  }

  async forward(outbound: Outbound, onEnd: OnEnd): Promise<ForwardResult> {
    const { target, method, principal, signal } = outbound
    if (signal.aborted) return failure("aborted", "the caller left")
    const states = openStates(this.parts, outbound)
    if (states !== undefined && "_tag" in states) return states
    const sent = states?.sent ?? outbound
    const record = target.server.record
    const headers = this.headers(sent)
    if (headers instanceof CredentialProblem) return failure("credential_missing", headers.words)
    let upstream: UpstreamAnswer
    try {
      upstream = await this.parts.upstream.exchange({
        method,
        url: this.urlOf(outbound),
        headers,
        body: sent.body,
        signal,
        trustedAddress: record.trusted_address,
        caller: principal.claims
      })
    } catch (error) {
      if (error instanceof UpstreamFailure) {
        this.parts.options.calls?.failed(record.path, error.reason, principal.claims, outbound.started)
        return failure(error.reason, error.message, error.retryAfterSeconds)
      }
      return failure("broken", error instanceof Error ? error.message : String(error))
    }
    this.parts.options.calls?.answered(record.path)
    const answer = readHead(upstream)
    const refusal = unusable(outbound, answer)
    if (refusal !== undefined) {
      upstream.cancel()
      return refusal
    }
    try {
      const relayed = relayAnswer(this, { outbound, answer, onEnd, sealer: states?.sealer })
      return relayed instanceof Promise ? await relayed : relayed
    } catch (error) {
      upstream.cancel()
      return failure("broken", error instanceof Error ? error.message : String(error))
    }
  }

  /** The session id to show the client: the one it knows, or a newly sealed one when the server named another. */
  sessionFor(outbound: Outbound, { upstream }: Answer, version: string | undefined): string | undefined {
    const upstreamId = upstream.headers[SESSION_ID]
    // Modern requests have no session, whatever the server says (protocol.md §2.1).
    if (upstreamId === undefined || eraOf(outbound.envelope?.messages[0].version) === "modern") return undefined
    const { session, principal, target } = outbound
    if (session !== undefined && session.bound.upstreamId === upstreamId) return session.sealed
    return sealFor(this.parts.keys, {
      use: "session",
      claims: principal.claims,
      server: target.server,
      version: version ?? session?.bound.version ?? "",
      upstreamId,
      lifeSeconds: this.parts.options.sessionSeconds
    })
  }

  private urlOf({ target, search, session }: Outbound): string {
    const { record } = target.server
    if (target.leg === "mcp") return this.endpoint(record, target.rest, search)
    const stream = sseEndpointOf(record)
    // The server's own word, sealed by us; the client's query names the seal and nothing else.
    // Put behind the origin and not resolved against it: a path may begin with two slashes, and would name a host (W-32).
    return target.leg === "sse" ? stream : new URL(stream).origin + (session?.bound.upstreamId ?? "/")
  }

  /** Parsing URLs costs; a server's endpoint does not change while its record does not. */
  private endpoint(record: ServerRecord, rest: string, search: string): string {
    if (search !== "") return endpointOf(record, rest, search)
    let known = this.endpoints.get(record)
    if (known === undefined) {
      known = new Map()
      this.endpoints.set(record, known)
    }
    let url = known.get(rest)
    if (url === undefined) {
      url = endpointOf(record, rest)
      // Callers choose what follows a server's path; only the endpoint itself is worth remembering.
      if (known.size < MAX_RESTS) known.set(rest, url)
    }
    return url
  }

  private headers(outbound: Outbound): Readonly<Record<string, string>> | CredentialProblem {
    const { principal, target, calls } = outbound
    const first = calls[0].access
    const credentials = this.parts.credentials.headersFor(target.server, principal, outbound.clientAuthorization)
    if (credentials instanceof CredentialProblem) return credentials
    const identity = {
      claims: principal.claims,
      scopes: this.scopesOf(principal.claims),
      serverName: target.server.record.path.slice(1),
      toolName: first.tool ?? first.method,
      originalUrl: outbound.originalUrl,
      remote: outbound.remote,
      proto: outbound.proto
    }
    // On HTTP+SSE the session is in the URL.
    const session = target.leg === "mcp" ? outbound.session?.bound.upstreamId : undefined
    return this.requestHeaders.build(outbound.headers, identity, credentials, session)
  }

  private scopesOf(claims: Claims): string {
    const policy = this.parts.policy.current()
    const known = this.scopeTexts.get(claims)
    if (known?.policy === policy) return known.text
    const text = policy.scopesOf(claims).join(" ")
    this.scopeTexts.set(claims, { policy, text })
    return text
  }
}
