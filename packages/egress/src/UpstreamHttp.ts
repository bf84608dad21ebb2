/**
 * The one outbound dialler for `http(s)` servers: resolves, judges and pins the address (the TLS name stays the host's), applies
 * the connect and first-byte deadlines. Never follows a redirect, never decodes a body, never retries a request that was sent.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type AllowedUpstream, mayDial } from "./AddressPolicy.ts"
import { Deadlines } from "./Deadlines.ts"
import type { Connection } from "./internal/http1/Connection.ts"
import { Pool } from "./internal/http1/Pool.ts"
import { headerLines, requestLine } from "./internal/http1/RequestHead.ts"
import { Resolver, type ResolverApi } from "./Resolver.ts"
import {
  type ExchangeRequest,
  Upstream,
  type UpstreamAnswer,
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

/** `http(s)` servers, over pooled HTTP/1.1 connections. */
export const layerHttp = (options: Partial<DiallerOptions> = {}): Layer.Layer<Upstream, never, Resolver> =>
  Layer.scoped(
    Upstream,
    Effect.gen(function* () {
      const resolver = yield* Resolver
      return yield* Effect.acquireRelease(
        Effect.sync(() => new HttpDialler({ ...defaults, ...options }, resolver)),
        (dialler) => Effect.sync(() => dialler.stop())
      )
    })
  )

/** A parsed URL, kept because URLs repeat. */
interface Origin {
  readonly url: URL
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** By address: may it be dialled, without and with an administrator's word for it. */
  readonly judged: Map<string, boolean>
  readonly judgedTrusted: Map<string, boolean>
  /** By method: the request's first lines. */
  readonly lines: Map<string, string>
}

const MAX_ORIGINS = 10_000
/** Callers choose the query; longer URLs are not worth the memory. */
const MAX_KEPT_URL = 1024
const SWEEP_MS = 1_000

class HttpDialler implements UpstreamApi {
  private readonly origins = new Map<string, Origin>()
  private readonly pools = new Map<string, Pool>()
  private readonly deadlines = new Deadlines()
  private readonly options: DiallerOptions
  private readonly resolver: ResolverApi
  private sweeper: ReturnType<typeof setInterval> | undefined = undefined

  constructor(options: DiallerOptions, resolver: ResolverApi) {
    this.options = options
    this.resolver = resolver
  }

  stop(): void {
    this.deadlines.stop()
    clearInterval(this.sweeper)
    for (const pool of this.pools.values()) pool.end()
  }

  exchange(request: ExchangeRequest): Promise<UpstreamAnswer> {
    try {
      return this.start(request)
    } catch (error) {
      return Promise.reject(asFailure(error))
    }
  }

  private start(request: ExchangeRequest): Promise<UpstreamAnswer> {
    const origin = this.originOf(request.url)
    const known = this.resolver.known(origin.host, Date.now())
    const only = known?.length === 1 ? known[0] : undefined
    // The usual case, without the price of trying several.
    return only !== undefined && this.mayDial(origin, only, request.trustedAddress)
      ? this.exchangeAt(request, origin, only)
      : this.exchangeSomewhere(request, origin, known)
  }

  private async exchangeSomewhere(
    request: ExchangeRequest,
    origin: Origin,
    known: ReadonlyArray<string> | undefined
  ): Promise<UpstreamAnswer> {
    const addresses = known ?? (await this.lookUp(origin, request.signal))
    let failure: UpstreamFailure | undefined
    for (const address of addresses) {
      if (!this.mayDial(origin, address, request.trustedAddress)) {
        throw new UpstreamFailure("blocked_address", `${origin.host} resolves to ${address}, which may not be dialled`)
      }
      try {
        return await this.exchangeAt(request, origin, address)
      } catch (error) {
        failure = asFailure(error)
        // Only a connection that was never made may be tried at the next address.
        if (!NEVER_MADE.has(failure.reason)) throw failure
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
    const origin = { url, host, port, secure, judged: new Map(), judgedTrusted: new Map(), lines: new Map() }
    if (this.origins.size >= MAX_ORIGINS) this.origins.clear()
    if (href.length <= MAX_KEPT_URL) this.origins.set(href, origin)
    return origin
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

  private exchangeAt(request: ExchangeRequest, origin: Origin, address: string): Promise<UpstreamAnswer> {
    const pool = this.poolOf(origin, address)
    const connection = pool.take()
    const answer = connection === undefined ? undefined : this.send(request, origin, connection)
    return answer ?? this.exchangeAnew(request, origin, pool)
  }

  private async exchangeAnew(request: ExchangeRequest, origin: Origin, pool: Pool): Promise<UpstreamAnswer> {
    const answer = this.send(request, origin, await pool.connect(request.signal))
    if (answer === undefined) throw new UpstreamFailure("broken", `${origin.url.origin} closed the connection at once`)
    return answer
  }

  /** Undefined: the connection is gone, and nothing was sent. */
  private send(request: ExchangeRequest, origin: Origin, connection: Connection): Promise<UpstreamAnswer> | undefined {
    const { method, headers, body, signal } = request
    const exchange = connection.send(lineOf(origin, method), headerLines(headers), method, body)
    if (exchange === undefined) return undefined
    // A GET asks for a stream that may be quiet for ever, and some servers send its head with the first event only.
    if (method !== "GET") {
      exchange.deadline = this.deadlines.start(this.options.firstByteTimeoutMs, () =>
        exchange.fail(new UpstreamFailure("first_byte_timeout", `${origin.url.origin} sent no answer in time`))
      )
    }
    if (signal.aborted) exchange.leave()
    else whenAborted(signal, exchange.leave)
    return exchange.answer
  }

  private poolOf({ host, port, secure }: Origin, address: string): Pool {
    const key = secure ? `${address} ${port} ${host}` : `${address} ${port}`
    let pool = this.pools.get(key)
    if (pool === undefined) {
      const { ca, connectTimeoutMs } = this.options
      const tls = secure ? { serverName: host, ca } : undefined
      pool = new Pool({ address, port, tls, connectTimeoutMs }, this.deadlines)
      this.pools.set(key, pool)
      this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS)
    }
    return pool
  }

  private sweep(): void {
    const now = performance.now()
    for (const [key, pool] of this.pools) {
      pool.sweep(now)
      if (pool.idle) this.pools.delete(key)
    }
    if (this.pools.size > 0) return
    clearInterval(this.sweeper)
    this.sweeper = undefined
  }
}

const NEVER_MADE: ReadonlySet<UpstreamFailureReason> = new Set(["refused", "unreachable", "connect_timeout"])

/** Calls `then` when `signal` aborts. A listener object costs more than the policy decision; the first needs none. */
const whenAborted = (signal: AbortSignal, then: () => void): void => {
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- see above; whoever comes second is listened for
  if (signal.onabort === null || signal.onabort === undefined) signal.onabort = then
  else signal.addEventListener("abort", then, { once: true })
}

const lineOf = ({ lines, url }: Origin, method: string): string => {
  let line = lines.get(method)
  if (line === undefined) {
    line = requestLine(method, url)
    lines.set(method, line)
  }
  return line
}

const asFailure = (error: unknown): UpstreamFailure =>
  error instanceof UpstreamFailure
    ? error
    : new UpstreamFailure("broken", error instanceof Error ? error.message : String(error), { cause: error })
