/**
 * The real probe: an MCP handshake with the official client, the tool inventory when tools are offered, a polite goodbye.
 * Keeps nothing between probes but the loaded library.
 */
import type { ServerRecord } from "@mcpgw/domain/Server"
import { Upstream, type UpstreamApi } from "@mcpgw/egress/Upstream"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ProbeApi, ProbeResult } from "../Probe.ts"
import { type Failure, isAuthStatus, isDown, isFinal, SESSION_FAILED, statusOf, throttleSeconds } from "./failure.ts"
import { fetchInventory, type Inventory } from "./inventory.ts"
import { newTrace, probeFetch, type Trace } from "./probeFetch.ts"
import {
  call,
  type Library,
  LIBRARY_TIMEOUT_MS,
  openSession,
  type Session,
  type SessionSettings,
  terminate
} from "./session.ts"
import { ofRecord, type SentTo, targetOf } from "./target.ts"

export interface ProbeOptions {
  /** Handshake and inventory together, milliseconds. */
  readonly timeoutMillis: number
  /** How long the modern era's first question may stay unanswered before the legacy handshake is tried, milliseconds. */
  readonly discoverMillis: number
  /** Bytes of answers one probe reads at most. */
  readonly maxBytes: number
  /** The server's credential and headers; those of the record itself unless given. */
  readonly sentTo: SentTo
}

export const defaults: ProbeOptions = {
  timeoutMillis: 10_000,
  discoverMillis: 3_000,
  maxBytes: 32 * 1024 * 1024,
  sentTo: ofRecord
}

/** Loads the client library at the first probe, not at start. */
export const makeProbe = (options: Partial<ProbeOptions>): Effect.Effect<ProbeApi, never, Upstream> =>
  Effect.gen(function* () {
    const upstream = yield* Upstream
    const library = yield* Effect.cached(Effect.promise(() => import("@modelcontextprotocol/client")))
    const settings = { ...defaults, ...options }
    return {
      probe: (record) => Effect.annotateLogs(probeRecord(settings, upstream, library, record), { server: record.path })
    }
  })

const probeRecord = (
  options: ProbeOptions,
  upstream: UpstreamApi,
  load: Effect.Effect<Library>,
  record: ServerRecord
): Effect.Effect<ProbeResult> =>
  Effect.gen(function* () {
    const target = targetOf(record, options.sentTo)
    if (target.kind === "settled") return { status: target.status, tools: undefined }
    const library = yield* load
    const clock = yield* Effect.clock
    const settings: SessionSettings = {
      library,
      target,
      upstream,
      trustedAddress: record.trusted_address,
      discoverMillis: Math.min(options.discoverMillis, options.timeoutMillis),
      maxBytes: options.maxBytes,
      now: () => clock.unsafeCurrentTimeMillis()
    }
    const progress: Progress = { shaken: undefined }
    return yield* Effect.scoped(converse(settings, progress)).pipe(
      Effect.catchAll((failure) => failedHandshake(settings, failure)),
      Effect.timeoutTo({
        duration: options.timeoutMillis,
        onSuccess: (result) => result,
        onTimeout: () => progress.shaken ?? TIMED_OUT
      })
    )
  })

const TIMED_OUT: ProbeResult = { status: "unhealthy: timeout", tools: undefined }

/** What holds should time run out. */
interface Progress {
  shaken: ProbeResult | undefined
}

const converse = (settings: SessionSettings, progress: Progress): Effect.Effect<ProbeResult, Failure, Scope.Scope> =>
  Effect.gen(function* () {
    const session = yield* handshake(settings)
    yield* checkSession(settings.library, session)
    const shaken: ProbeResult = { status: "healthy", tools: undefined }
    progress.shaken = shaken
    const offersTools = session.client.getServerCapabilities()?.tools !== undefined
    const result = offersTools ? yield* withInventory(settings.library, session, progress) : shaken
    progress.shaken = result
    yield* terminate(session)
    return result
  })

/** Modern first; whatever a server makes of that question, the legacy handshake has its chance. */
const handshake = (settings: SessionSettings): Effect.Effect<Session, Failure, Scope.Scope> => {
  if (settings.target.transport === "sse") return openSession(settings, "legacy", newTrace())
  const trace: Trace = newTrace()
  return openSession(settings, "auto", trace).pipe(
    Effect.catchAll((failure) =>
      trace.initializeSent || isFinal(failure) ? Effect.fail(failure) : openSession(settings, "legacy", newTrace())
    )
  )
}

/** `ping` where the era has it. An error the server formulates itself is an answer too. */
const checkSession = (library: Library, { client, trace }: Session): Effect.Effect<void, Failure> =>
  client.getProtocolEra() !== "legacy"
    ? Effect.void
    : call(library, trace, () => client.ping({ timeout: LIBRARY_TIMEOUT_MS })).pipe(
        Effect.catchIf(
          (failure) => !isDown(failure),
          () => Effect.void
        )
      )

const healthyWith = ({ listed, tools }: Inventory): ProbeResult => ({
  status: "healthy",
  tools,
  ...(listed > tools.length ? { listed } : {})
})

/** A list that fails does not take a server down whose handshake succeeded; one refused for want of credentials says so. */
const withInventory = (library: Library, session: Session, progress: Progress): Effect.Effect<ProbeResult> =>
  fetchInventory(library, session, (inventory) => (progress.shaken = healthyWith(inventory))).pipe(
    Effect.map(healthyWith),
    Effect.catchAll((failure) => {
      const unauthorized = failure.kind === "http" && isAuthStatus(failure.status)
      const result: ProbeResult = { status: unauthorized ? "healthy-auth-expired" : "healthy", tools: undefined }
      return Effect.as(Effect.logInfo("tools/list failed", failure), result)
    })
  )

const failedHandshake = (settings: SessionSettings, failure: Failure): Effect.Effect<ProbeResult> =>
  Effect.gen(function* () {
    if (failure.kind === "rpc") return yield* pingWithoutAuth(settings)
    const seconds = throttleSeconds(failure)
    const result: ProbeResult = { status: statusOf(failure), tools: undefined }
    return seconds === undefined ? result : { ...result, retryAfterSeconds: seconds }
  })

const NO_SESSION: ProbeResult = { status: SESSION_FAILED, tools: undefined }

/** A server that refuses to begin a session with these credentials may still be there for others' (contracts.md §2.11). */
const pingWithoutAuth = (settings: SessionSettings): Effect.Effect<ProbeResult> =>
  Effect.tryPromise(async (signal): Promise<ProbeResult> => {
    const fetch = probeFetch({ ...settings, signal, allowGet: false }, newTrace())
    const response = await fetch(settings.target.url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" })
    })
    const alive = isAuthStatus(response.status) || (response.ok && /"result"\s*:/.test(await response.text()))
    return alive ? { status: "healthy-auth-expired", tools: undefined } : NO_SESSION
  }).pipe(Effect.catchAll((cause) => Effect.as(Effect.logDebug("ping without auth failed", cause), NO_SESSION)))
