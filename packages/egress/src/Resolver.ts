/** **Resolver** port: names to addresses, cached for a short time. The dialler judges and pins what it returns. */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import { lookup } from "node:dns/promises"
import { isIP } from "node:net"

export interface ResolverApi {
  /** Hot: addresses known and fresh, an address literal included; undefined when they must be looked up. `now` in epoch ms. */
  readonly known: (host: string, now: number) => ReadonlyArray<string> | undefined
  /** Looks up; rejects when the name has no address. */
  readonly resolve: (host: string) => Promise<ReadonlyArray<string>>
}

export class Resolver extends Context.Tag("@mcpgw/egress/Resolver")<Resolver, ResolverApi>() {
  /** The system's resolver. */
  static get layer(): Layer.Layer<Resolver> {
    return system
  }
  /** A fixed table, or a function of the name; for tests (DNS rebinding). */
  static layerOf(table: (host: string) => ReadonlyArray<string>): Layer.Layer<Resolver> {
    return Layer.sync(Resolver, () => make((host) => Promise.resolve(table(host))))
  }
}

const FRESH_MS = 30_000
const MAX_NAMES = 10_000

const make = (ask: (host: string) => Promise<ReadonlyArray<string>>): ResolverApi => {
  const cache = new Map<string, { readonly addresses: ReadonlyArray<string>; readonly until: number }>()
  const asking = new Map<string, Promise<ReadonlyArray<string>>>()
  const lookUp = async (host: string): Promise<ReadonlyArray<string>> => {
    const addresses = await ask(host)
    if (addresses.length === 0) throw new Error("the name has no address")
    if (cache.size >= MAX_NAMES) cache.clear()
    cache.set(host, { addresses, until: Date.now() + FRESH_MS })
    return addresses
  }
  return {
    known: (host, now) => {
      const entry = cache.get(host)
      if (entry !== undefined && entry.until > now) return entry.addresses
      if (isIP(host) === 0) return undefined
      // An address is its own answer for ever; asking what it is costs more than remembering.
      const addresses = [host]
      if (cache.size < MAX_NAMES) cache.set(host, { addresses, until: Number.POSITIVE_INFINITY })
      return addresses
    },
    resolve: (host) => {
      if (isIP(host) !== 0) return Promise.resolve([host])
      // Everyone who waits for a name waits for one answer.
      let answer = asking.get(host)
      if (answer === undefined) {
        answer = lookUp(host).finally(() => asking.delete(host))
        asking.set(host, answer)
      }
      return answer
    }
  }
}

const system: Layer.Layer<Resolver> = Layer.sync(Resolver, () =>
  make(async (host) => (await lookup(host, { all: true, verbatim: true })).map((entry) => entry.address))
)
