/** Bodies made of given chunks, and bodies read to their end. */
import { Deadlines } from "@mcpgw/egress/Deadlines"
import type { Policy } from "@mcpgw/policy/Policy"
import type { Body } from "../../src/Answer.ts"
import type { Viewer } from "../../src/ListFilter.ts"
import { OpenStreams } from "../../src/OpenStreams.ts"
import type { Ending } from "../../src/Outcome.ts"
import type { RelayOptions } from "../../src/Relay.ts"
import { claimsOf } from "./Call.ts"

export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

export const bodyOf = (chunks: ReadonlyArray<Uint8Array<ArrayBuffer>>): Body => {
  let next = 0
  const take = () => chunks[next++]
  return { read: () => Promise.resolve(take()), take, cancel: () => undefined }
}

/** Cuts `bytes` at the given places, taken modulo the length. */
export const cutAt = (
  bytes: Uint8Array<ArrayBuffer>,
  cuts: ReadonlyArray<number>
): ReadonlyArray<Uint8Array<ArrayBuffer>> => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, i) => bytes.subarray(places[i] ?? 0, end))
}

export const textOf = (body: ReadableStream<Uint8Array>): Promise<string> => new Response(body).text()

export interface Recorded {
  readonly options: RelayOptions
  readonly streams: OpenStreams
  readonly endings: Array<Ending>
}

/** Relay options that record how relays end. */
export const recorded = (idleMs: number | undefined = undefined): Recorded => {
  const endings: Array<Ending> = []
  const streams = new OpenStreams()
  return {
    endings,
    streams,
    options: {
      deadlines: new Deadlines(),
      streams,
      claims: claimsOf("alice"),
      idleMs,
      until: undefined,
      stallMs: 60_000,
      heartbeatMs: 0,
      onEnd: (ending) => endings.push(ending),
      signal: new AbortController().signal
    }
  }
}

export const viewerOf = (policy: Policy, scope: string, server = "/time"): Viewer => ({
  policy: () => policy,
  subject: { groups: [], scopes: [scope] },
  server
})
