/** The dialler under test, and short words for what tests ask of it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Resolver } from "../../src/Resolver.ts"
import { type ExchangeRequest, Upstream, type UpstreamApi } from "../../src/Upstream.ts"
import { type DiallerOptions, layerHttp } from "../../src/UpstreamHttp.ts"
import { failureOf, requestTo, textOf } from "../suites/upstreamSuite.ts"
import { rawServer } from "./RawServer.ts"

type Table = (host: string) => ReadonlyArray<string>

const nobody: Table = () => []

export const dialler = (options: Partial<DiallerOptions> = {}, table: Table = nobody) =>
  Effect.map(Layer.build(layerHttp(options).pipe(Layer.provide(Resolver.layerOf(table)))), (context) =>
    Upstream.pipe(Effect.provide(context), Effect.runSync)
  )

export const raw = (...args: Parameters<typeof rawServer>) =>
  Effect.acquireRelease(
    Effect.promise(() => rawServer(...args)),
    (server) => Effect.sync(server.stop)
  )

export const exchange = (upstream: UpstreamApi, url: string, more: Partial<ExchangeRequest> = {}) =>
  Effect.promise(async () => {
    const answer = await upstream.exchange(requestTo(url, more))
    return { status: answer.status, text: await textOf(answer) }
  })

export const reasonOf = (upstream: UpstreamApi, url: string, more: Partial<ExchangeRequest> = {}) =>
  Effect.promise(async () => (await failureOf(upstream.exchange(requestTo(url, more)))).reason)

/** Asks again and again, in real time, until it is so. */
export const eventually = (what: () => boolean) =>
  Effect.promise(async () => {
    while (!what()) await Bun.sleep(2)
  })
