/**
 * The one outbound dialler for `http(s)` servers: resolves, judges and pins the address (the TLS name stays the host's), applies
 * the connect and first-byte deadlines. Never follows a redirect, never decodes a body, never retries a request that was sent.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type AllowedUpstream, mayDial } from "./AddressPolicy.ts"
import { Deadlines } from "./Deadlines.ts"
import { attemptOf, watchConnect } from "./internal/connecting.ts"
import { Resolver, type ResolverApi } from "./Resolver.ts"
import {
  type ExchangeRequest,
  Upstream,
  type UpstreamApi,
  UpstreamFailure,
  type UpstreamFailureReason
} from "./Upstream.ts"

export interface DiallerOptions {
  readonly allowed: ReadonlyArray<AllowedUpstream>
  readonly connectTimeoutMs: number
  readonly firstByteTimeoutMs: number
  /** PEM of the authorities that may vouch for a server's name; undefined: those of the system. */
  readonly ca: string | undefined
}

export const defaults: DiallerOptions = {
  allowed: [],
  connectTimeoutMs: 5_000,
  firstByteTimeoutMs: 60_000,
  ca: undefined
}

/** `http(s)` servers over Bun's `fetch`. */
export const layerHttp = (options: Partial<DiallerOptions> = {}): Layer.Layer<Upstream, never, Resolver> =>
  Layer.scoped(
    Upstream,
    Effect.gen(function* () {
      const resolver = yield* Resolver
      const deadlines = yield* Effect.acquireRelease(
        Effect.sync(() => new Deadlines()),
        (wheel) => Effect.sync(() => wheel.stop())
      )
      return new HttpDialler({ ...defaults, ...options }, resolver, deadlines)
    })
  )

/** A host and port, whatever the path and query. */
interface Peer {
  /** When it last answered, `performance.now()`; a quiet one gets its connect deadline watched. */
  lastAnswer: number
}

/** A parsed URL, kept because URLs repeat. */
interface Origin {
  readonly url: URL
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly peer: Peer
  /** By address: may it be dialled, without and with an administrator's word for it. */
  readonly judged: Map<string, boolean>
  readonly judgedTrusted: Map<string, boolean>
  /** By address: the URL that leads there. */
  readonly pinned: Map<string, string>
}

const WARM_MS = 10_000
const MAX_ORIGINS = 10_000
/** Callers choose the query; longer URLs are not worth the memory. */
const MAX_KEPT_URL = 1024

class HttpDialler implements UpstreamApi {
  private readonly origins = new Map<string, Origin>()
  private readonly peers = new Map<string, Peer>()
  private readonly options: DiallerOptions
  private readonly resolver: ResolverApi
  private readonly deadlines: Deadlines

  constructor(options: DiallerOptions, resolver: ResolverApi, deadlines: Deadlines) {
    this.options = options
    this.resolver = resolver
    this.deadlines = deadlines
  }

  exchange(request: ExchangeRequest): Promise<Response> {
    const origin = this.originOf(request.url)
    const known = this.resolver.known(origin.host, Date.now())
    const only = known?.length === 1 ? known[0] : undefined
    // The usual case, without the price of trying several.
    return only !== undefined && this.mayDial(origin, only, request.trustedAddress)
      ? this.send(request, origin, only, request.controller)
      : this.exchangeSomewhere(request, origin, known)
  }

  private async exchangeSomewhere(
    request: ExchangeRequest,
    origin: Origin,
    known: ReadonlyArray<string> | undefined
  ): Promise<Response> {
    const addresses = known ?? (await this.lookUp(origin, request.controller.signal))
    let failure: UpstreamFailure | undefined
    for (const address of addresses) {
      if (!this.mayDial(origin, address, request.trustedAddress)) {
        throw new UpstreamFailure("blocked_address", `${origin.host} resolves to ${address}, which may not be dialled`)
      }
      try {
        const last = address === addresses[addresses.length - 1]
        return await this.send(
          request,
          origin,
          address,
          last ? request.controller : attemptOf(request.controller.signal)
        )
      } catch (error) {
        failure = asFailure(error)
        // Only a connection that was never made may be tried at the next address.
        if (failure.reason !== "refused" && failure.reason !== "connect_timeout") throw failure
      }
    }
    throw failure ?? new UpstreamFailure("unreachable", `${origin.host} has no address`)
  }

  /** The policy does not change while the process runs: each address of an origin is judged once. */
  private mayDial(origin: Origin, address: string, trusted: boolean): boolean {
    const judged = trusted ? origin.judgedTrusted : origin.judged
    let allowed = judged.get(address)
    if (allowed === undefined) {
      allowed = mayDial(this.options.allowed, { host: origin.host, port: origin.port, address }, trusted)
      judged.set(address, allowed)
    }
    return allowed
  }

  private originOf(href: string): Origin {
    const known = this.origins.get(href)
    if (known !== undefined) return known
    const url = new URL(href)
    const secure = url.protocol === "https:"
    const host = url.hostname.replace(/^\[|\]$/g, "")
    const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port)
    const origin = {
      url,
      host,
      port,
      secure,
      peer: this.peerOf(url.host),
      judged: new Map(),
      judgedTrusted: new Map(),
      pinned: new Map()
    }
    if (this.origins.size >= MAX_ORIGINS) this.origins.clear()
    if (href.length <= MAX_KEPT_URL) this.origins.set(href, origin)
    return origin
  }

  private peerOf(host: string): Peer {
    let peer = this.peers.get(host)
    if (peer === undefined) {
      peer = { lastAnswer: Number.NEGATIVE_INFINITY }
      if (this.peers.size >= MAX_ORIGINS) this.peers.clear()
      this.peers.set(host, peer)
    }
    return peer
  }

  /** The name's addresses; looking it up is part of connecting, so its deadline holds here too. */
  private lookUp(origin: Origin, signal: AbortSignal): Promise<ReadonlyArray<string>> {
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyArray<string>>()
    const leave = (): void => reject(new UpstreamFailure("aborted", "the caller left"))
    const deadline = this.deadlines.start(this.options.connectTimeoutMs, () =>
      reject(new UpstreamFailure("connect_timeout", `${origin.host} was not resolved in time`))
    )
    if (signal.aborted) leave()
    signal.addEventListener("abort", leave, { once: true })
    this.resolver
      .resolve(origin.host)
      .then(resolve, (cause: unknown) =>
        reject(new UpstreamFailure("unknown_host", `${origin.host} does not resolve`, { cause }))
      )
    return promise.finally(() => {
      deadline.cancel()
      signal.removeEventListener("abort", leave)
    })
  }

  private async send(
    request: ExchangeRequest,
    origin: Origin,
    address: string,
    controller: AbortController
  ): Promise<Response> {
    // A GET asks for a stream that may be quiet for ever, and some servers send its head with the first event only.
    const deadline =
      request.method === "GET"
        ? undefined
        : this.deadlines.start(this.options.firstByteTimeoutMs, () =>
            controller.abort(new UpstreamFailure("first_byte_timeout", `${origin.url.origin} sent no answer in time`))
          )
    const stopWatching =
      performance.now() - origin.peer.lastAnswer > WARM_MS
        ? watchConnect(address, origin.port, this.options.connectTimeoutMs, controller)
        : undefined
    try {
      const response = await fetch(pinned(origin, address), this.init(request, origin, address, controller.signal))
      origin.peer.lastAnswer = performance.now()
      return response
    } catch (error) {
      if (!controller.signal.aborted) throw asFailure(error)
      const { reason } = controller.signal
      throw reason instanceof UpstreamFailure
        ? reason
        : new UpstreamFailure("aborted", "the caller left", { cause: error })
    } finally {
      deadline?.cancel()
      stopWatching?.()
    }
  }

  private init(request: ExchangeRequest, origin: Origin, address: string, signal: AbortSignal): BunFetchRequestInit {
    const init: BunFetchRequestInit = {
      method: request.method,
      headers: request.headers,
      signal,
      redirect: "manual",
      decompress: false,
      // Bun cuts silent answers at some minutes otherwise; the deadlines are ours (design.md §4, rule 0).
      timeout: false
    }
    if (request.body !== undefined) init.body = request.body
    if (address !== origin.host) {
      // The caller may send the same object again, elsewhere.
      const headers = new Headers(request.headers)
      headers.set("host", origin.url.host)
      init.headers = headers
    }
    if (origin.secure) {
      const { ca } = this.options
      // An address as host is verified as the address it is.
      if (address !== origin.host)
        init.tls = ca === undefined ? { serverName: origin.host } : { serverName: origin.host, ca }
      else if (ca !== undefined) init.tls = { ca }
    }
    return init
  }
}

const pinned = (origin: Origin, address: string): string => {
  const known = origin.pinned.get(address)
  if (known !== undefined) return known
  const url = new URL(origin.url)
  url.hostname = address.includes(":") ? `[${address}]` : address
  origin.pinned.set(address, url.href)
  return url.href
}

const REASONS: ReadonlyMap<string, UpstreamFailureReason> = new Map([
  ["ECONNREFUSED", "refused"],
  ["ConnectionRefused", "refused"],
  ["FailedToOpenSocket", "unreachable"],
  ["EHOSTUNREACH", "unreachable"],
  ["ENETUNREACH", "unreachable"],
  ["ENOTFOUND", "unknown_host"]
])

const asFailure = (error: unknown): UpstreamFailure => {
  if (error instanceof UpstreamFailure) return error
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  const detail = error instanceof Error ? `${code} ${error.message}` : String(error)
  return new UpstreamFailure(REASONS.get(code) ?? "broken", detail, { cause: error })
}
