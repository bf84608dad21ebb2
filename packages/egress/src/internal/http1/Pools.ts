/** The pools of all servers, by address, port and — under TLS — name; those without connections are forgotten. */
import type { Deadlines } from "../../Deadlines.ts"
import { MAX_ADDRESSES, type Origin } from "./Origin.ts"
import { Pool } from "./Pool.ts"

const SWEEP_MS = 1_000

export interface PoolsOptions {
  readonly connectTimeoutMs: number
  readonly ca: string | undefined
}

export class Pools {
  private readonly options: PoolsOptions
  private readonly deadlines: Deadlines
  private readonly pools = new Map<string, Pool>()
  private sweeper: ReturnType<typeof setInterval> | undefined = undefined

  constructor(options: PoolsOptions, deadlines: Deadlines) {
    this.options = options
    this.deadlines = deadlines
  }

  of(origin: Origin, address: string): Pool {
    let pool = origin.pools.get(address)
    if (pool === undefined || pool.retired) {
      pool = this.shared(origin, address)
      if (origin.pools.size >= MAX_ADDRESSES) origin.pools.clear()
      origin.pools.set(address, pool)
    }
    return pool
  }

  private shared({ host, port, secure }: Origin, address: string): Pool {
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
      if (pool.retire()) this.pools.delete(key)
    }
    if (this.pools.size > 0) return
    clearInterval(this.sweeper)
    this.sweeper = undefined
  }

  /** Closes every connection. */
  end(): void {
    clearInterval(this.sweeper)
    for (const pool of this.pools.values()) pool.end()
  }
}
