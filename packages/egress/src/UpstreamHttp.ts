/**
 * The one outbound dialler for `http(s)` servers: resolves, judges and pins the address (the TLS name stays the host's), applies
 * the connect and first-byte deadlines. Never follows a redirect, never decodes a body, never retries a request that was sent.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type AllowedUpstream, mayDial } from "./AddressPolicy.ts"
import { Breaker, type Circuit, Circuits } from "./Breaker.ts"
import { Deadlines } from "./Deadlines.ts"
import type { Connection } from "./internal/http1/Connection.ts"
import { lineOf, MAX_ADDRESSES, type Origin, parseOrigin } from "./internal/http1/Origin.ts"
import type { Pool } from "./internal/http1/Pool.ts"
import { Pools } from "./internal/http1/Pools.ts"
import { headerLines } from "./internal/http1/RequestHead.ts"
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
export const layerHttp = (options: Partial<DiallerOptions> = {}): Layer.Layer<Upstream | Circuits, never, Resolver> =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const resolver = yield* Resolver
      const clock = yield* Effect.clock
      const breaker = new Breaker(() => Number(clock.unsafeCurrentTimeNanos() / 1_000_000n))
      const dialler = yield* Effect.acquireRelease(
        Effect.sync(() => new HttpDialler({ ...defaults, ...options }, resolver, breaker)),
        (running) => Effect.sync(() => running.stop())
      )
      return Context.make(Upstream, dialler).pipe(Context.add(Circuits, { open: () => breaker.opened }))
    })
  )

const MAX_ORIGINS = 10_000
/** Callers choose the query; longer URLs are not worth the memory. */
const MAX_KEPT_URL = 1024

class HttpDialler implements UpstreamApi {
  private readonly origins = new Map<string, Origin>()
  private readonly deadlines = new Deadlines()
  private readonly pools: Pools
  private readonly options: DiallerOptions
  private readonly resolver: ResolverApi
  private readonly breaker: Breaker
  private readonly lookUps = new Set<(failure: UpstreamFailure) => void>()
  private stopped = false

  constructor(options: DiallerOptions, resolver: ResolverApi, breaker: Breaker) {
    this.options = options
    this.resolver = resolver
    this.breaker = breaker
    this.pools = new Pools(options, this.deadlines)
  }

  stop(): void {
    this.stopped = true
    this.deadlines.stop()
    for (const fail of this.lookUps) fail(stopping())
    this.pools.end()
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
      if (judged.size >= MAX_ADDRESSES) judged.clear()
      allowed = mayDial(this.options.allowed, { host: origin.host, port: origin.port, address }, trusted)
      judged.set(address, allowed)
    }
    return allowed
  }

  private originOf(href: string): Origin {
    const known = this.origins.get(href)
    if (known !== undefined) return known
    const origin = parseOrigin(href)
    if (this.origins.size >= MAX_ORIGINS) this.origins.clear()
    if (href.length <= MAX_KEPT_URL) this.origins.set(href, origin)
    return origin
  }

  /** The name's addresses; looking it up is part of connecting, so its deadline holds here too. */
  private lookUp(origin: Origin, signal: AbortSignal): Promise<ReadonlyArray<string>> {
    if (this.stopped) throw stopping()
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyArray<string>>()
    const leave = (): void => reject(new UpstreamFailure("aborted", "the caller left"))
    const deadline = this.deadlines.start(this.options.connectTimeoutMs, () =>
      reject(new UpstreamFailure("connect_timeout", `${origin.host} was not resolved in time`))
    )
    if (signal.aborted) leave()
    signal.addEventListener("abort", leave, { once: true })
    this.lookUps.add(reject)
    this.resolver
      .resolve(origin.host)
      .then(resolve, (cause: unknown) =>
        reject(new UpstreamFailure("unknown_host", `${origin.host} does not resolve`, { cause }))
      )
    return promise.finally(() => {
      this.lookUps.delete(reject)
      deadline.cancel()
      signal.removeEventListener("abort", leave)
    })
  }

  private exchangeAt(request: ExchangeRequest, origin: Origin, address: string): Promise<UpstreamAnswer> {
    if (this.stopped) throw stopping()
    // Before a connection is taken or made: headers that can not be sent touch none.
    const lines = headerLines(request.headers)
    const circuit = this.circuitOf(origin, address)
    return circuit.closed || request.probe === true
      ? this.carry(request, origin, lines, address, circuit)
      : circuit.attempt(
          () => this.carry(request, origin, lines, address, circuit),
          request.method === "GET",
          request.caller
        )
  }

  private carry(
    request: ExchangeRequest,
    origin: Origin,
    lines: Buffer,
    address: string,
    circuit: Circuit
  ): Promise<UpstreamAnswer> {
    const pool = this.pools.of(origin, address)
    const connection = pool.take()
    const answer = connection === undefined ? undefined : this.send(request, origin, lines, connection, circuit)
    return answer ?? this.carryAnew(request, origin, lines, pool, circuit)
  }

  private async carryAnew(
    request: ExchangeRequest,
    origin: Origin,
    lines: Buffer,
    pool: Pool,
    circuit: Circuit
  ): Promise<UpstreamAnswer> {
    try {
      const connection = await pool.connect(request.signal)
      const answer = this.send(request, origin, lines, connection, circuit)
      if (answer !== undefined) return answer
      throw new UpstreamFailure("broken", `${origin.url.origin} closed the connection at once`)
    } catch (error) {
      const failure = asFailure(error)
      circuit.failed(failure.reason)
      throw failure
    }
  }

  private circuitOf(origin: Origin, address: string): Circuit {
    let circuit = origin.circuits.get(address)
    if (circuit === undefined || circuit.retired) {
      circuit = this.breaker.of(`${origin.url.origin} ${address}`)
      if (origin.circuits.size >= MAX_ADDRESSES) origin.circuits.clear()
      origin.circuits.set(address, circuit)
    }
    return circuit
  }

  /** Undefined: the connection is gone, and nothing was sent. */
  private send(
    { method, body, signal, caller }: ExchangeRequest,
    origin: Origin,
    lines: Buffer,
    connection: Connection,
    circuit: Circuit
  ): Promise<UpstreamAnswer> | undefined {
    const exchange = connection.send(lineOf(origin, method), lines, method, body)
    if (exchange === undefined) return undefined
    exchange.circuit = circuit
    exchange.caller = caller
    exchange.answers = circuit.answers
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
}

const NEVER_MADE: ReadonlySet<UpstreamFailureReason> = new Set([
  "refused",
  "unreachable",
  "connect_timeout",
  "circuit_open"
])

/** Calls `then` when `signal` aborts. A listener object costs more than the policy decision; the first needs none. */
const whenAborted = (signal: AbortSignal, then: () => void): void => {
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- see above; whoever comes second is listened for
  if (signal.onabort === null || signal.onabort === undefined) signal.onabort = then
  else signal.addEventListener("abort", then, { once: true })
}

const stopping = (): UpstreamFailure => new UpstreamFailure("broken", "the gateway is shutting down")

const asFailure = (error: unknown): UpstreamFailure =>
  error instanceof UpstreamFailure
    ? error
    : new UpstreamFailure("broken", error instanceof Error ? error.message : String(error), { cause: error })
