/**
 * Whoever watches the servers' health: the whole map first, then what changed, each as far as they may see it now. Plain and synchronous;
 * knows no transport and no schedule. A watcher that does not take what it is told is let go.
 */
import type { WatchStats } from "@mcpgw/api/Health"
import type { Claims } from "@mcpgw/domain/Principal"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import type { Policy } from "@mcpgw/policy/Policy"
import type { Snapshot } from "@mcpgw/registry/Snapshot"
import { type Caller, sees } from "./access.ts"
import type { StandingRoles } from "./roles.ts"

/** The way to one watcher. */
export interface Sink {
  readonly kind: "websocket" | "events"
  readonly send: (message: string) => void
  /** Bytes it has been told and not taken. */
  readonly waiting: () => number
  /** Nothing was said for a while. */
  readonly beat: () => void
  readonly close: (why: Farewell) => void
}

/** Why the gateway ends it. */
export type Farewell = "rights" | "slow" | "shutdown"

export interface HubParts {
  readonly snapshot: () => Snapshot
  readonly policy: () => Policy
  /** Another number when somebody got or lost a role on a server. */
  readonly roles: () => number
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Does what let this caller in still hold? */
  readonly holds: (claims: Claims) => boolean
}

export interface Limits {
  readonly watchers: number
  /** Of one person: pages and screens enough, and fifty of them at the very least watch at once. */
  readonly perPerson: number
  /** That wait for one watcher. */
  readonly waitingBytes: number
  /** That wait for all of them. */
  readonly totalBytes: number
  /** Milliseconds that bytes may wait. */
  readonly waitingMs: number
}

const MIB = 1024 * 1024

export const limits: Limits = {
  watchers: 1_000,
  perPerson: 20,
  waitingBytes: 4 * MIB,
  totalBytes: 128 * MIB,
  waitingMs: 15_000
}

export interface Watcher {
  readonly claims: Claims
  readonly roles: StandingRoles
  readonly sink: Sink
  /** What it was last told, by path. */
  readonly told: Map<string, string>
  /** Since when bytes wait; undefined: none do. */
  waitingSince: number | undefined
}

const entryOf = ({ health, record }: RegisteredServer): string =>
  JSON.stringify({
    status: health.status,
    last_checked_iso: health.last_checked_iso,
    num_tools: record.num_tools
  })

/** What makes an entry news; when it was last checked does not. */
const newsOf = ({ health, record }: RegisteredServer): string => `${record.num_tools} ${health.status}`

const personOf = ({ issuer, subject }: Claims): string => `${issuer} ${subject}`

const messageOf = (entries: ReadonlyArray<readonly [path: string, entry: string]>): string =>
  `{${entries.map(([path, entry]) => `${JSON.stringify(path)}:${entry}`).join(",")}}`

export class HealthHub {
  private readonly parts: HubParts
  private readonly limits: Limits
  private readonly watchers = new Set<Watcher>()
  private readonly persons = new Map<string, number>()
  private policy: Policy
  private roles: number
  /** Bytes that waited when they were last counted, and those told since. */
  private waiting = 0
  private told = 0
  private readonly counts = { accepted: 0, refused: 0, slow: 0, rights: 0, sent: 0, broadcasts: 0 }

  constructor(parts: HubParts, given: Limits = limits) {
    this.parts = parts
    this.limits = given
    this.policy = parts.policy()
    this.roles = parts.roles()
  }

  /** The map as this caller may see it, as JSON. */
  mapFor(who: Caller): string {
    return messageOf(this.visible(who).map((server) => [server.record.path, entryOf(server)]))
  }

  /** May one more of this caller's watch? */
  hasRoom(claims: Claims): boolean {
    this.relieve()
    const room =
      this.watchers.size < this.limits.watchers &&
      (this.persons.get(personOf(claims)) ?? 0) < this.limits.perPerson &&
      this.waiting + this.told <= this.limits.totalBytes
    if (!room) this.counts.refused++
    return room
  }

  /** Tells it the map, and everything that changes until what this answers is called. Nothing to whom nothing may be told any more. */
  join(claims: Claims, roles: StandingRoles, sink: Sink): () => void {
    const watcher: Watcher = { claims, roles, sink, told: new Map(), waitingSince: undefined }
    const person = personOf(claims)
    this.watchers.add(watcher)
    this.persons.set(person, (this.persons.get(person) ?? 0) + 1)
    this.counts.accepted++
    if (this.mayWatch(watcher)) {
      this.tell(watcher, this.news(watcher, this.callerOf(watcher), this.parts.snapshot().servers.keys()), true)
    }
    return () => this.leave(watcher)
  }

  /** Those who watch now. */
  members(): ReadonlyArray<Watcher> {
    return [...this.watchers]
  }

  /** Something of these servers changed: tells some of the watchers, or all. */
  changed(paths: Iterable<string>, watchers: Iterable<Watcher> = this.watchers): void {
    const unique = new Set(paths)
    let told = false
    for (const watcher of watchers) {
      if (!this.watchers.has(watcher) || !this.mayWatch(watcher)) continue
      told = this.tell(watcher, this.news(watcher, this.callerOf(watcher), unique), false) || told
    }
    if (told) this.counts.broadcasts++
  }

  /** Tells these watchers, or all, what is new to them whatever it is about. */
  refresh(watchers: Iterable<Watcher> = this.watchers): void {
    for (const watcher of watchers) {
      if (!this.watchers.has(watcher) || !this.mayWatch(watcher)) continue
      this.tell(watcher, this.news(watcher, this.callerOf(watcher), this.everything(watcher)), false)
    }
  }

  /**
   * To be called every second or so, with the time in milliseconds: lets go who may not watch any more, or takes nothing. True: the policy
   * or somebody's role is another than at the last round, and everybody may see other servers.
   */
  round(now: number): boolean {
    const policy = this.parts.policy()
    const roles = this.parts.roles()
    const moved = policy !== this.policy || roles !== this.roles
    this.policy = policy
    this.roles = roles
    for (const watcher of this.watchers) {
      if (!this.mayWatch(watcher, now)) continue
      if (this.isSlow(watcher, now)) {
        this.counts.slow++
        this.end(watcher, "slow")
      } else watcher.sink.beat()
    }
    this.count()
    return moved
  }

  closeAll(): void {
    for (const watcher of this.watchers) this.end(watcher, "shutdown")
  }

  stats(): WatchStats {
    const websockets = [...this.watchers].filter(({ sink }) => sink.kind === "websocket").length
    return {
      connections: this.watchers.size,
      websockets,
      event_streams: this.watchers.size - websockets,
      max_connections: this.limits.watchers,
      accepted_total: this.counts.accepted,
      refused_at_capacity_total: this.counts.refused,
      dropped_slow_total: this.counts.slow,
      ended_without_rights_total: this.counts.rights,
      messages_sent_total: this.counts.sent,
      broadcasts_total: this.counts.broadcasts
    }
  }

  /** Whoever may not is let go. */
  private mayWatch(watcher: Watcher, now = this.parts.now()): boolean {
    const { claims } = watcher
    if (claims.expiresAt * 1_000 > now && this.parts.holds(claims)) return true
    this.counts.rights++
    this.end(watcher, "rights")
    return false
  }

  private callerOf({ claims, roles }: Watcher): Caller {
    const policy = this.parts.policy()
    return { claims, policy, isAdmin: policy.isAdmin(claims), roleOn: roles(policy) }
  }

  private visible(who: Caller): ReadonlyArray<RegisteredServer> {
    return [...this.parts.snapshot().servers.values()].filter((server) => sees(who, server))
  }

  private everything({ told }: Watcher): Iterable<string> {
    return new Set([...told.keys(), ...this.parts.snapshot().servers.keys()])
  }

  /** What of these paths the watcher does not know yet; from now on it does. */
  private news({ told }: Watcher, who: Caller, paths: Iterable<string>) {
    const entries: Array<readonly [string, string]> = []
    const { servers } = this.parts.snapshot()
    for (const path of paths) {
      const server = servers.get(path)
      if (server === undefined || !sees(who, server)) {
        if (told.delete(path)) entries.push([path, "null"])
        continue
      }
      const news = newsOf(server)
      if (told.get(path) === news) continue
      told.set(path, news)
      entries.push([path, entryOf(server)])
    }
    return entries
  }

  private tell(watcher: Watcher, entries: ReturnType<HealthHub["news"]>, always: boolean): boolean {
    if (entries.length === 0 && !always) return false
    this.counts.sent++
    const message = messageOf(entries)
    watcher.sink.send(message)
    this.told += message.length
    this.relieve()
    return true
  }

  private count(): void {
    this.told = 0
    this.waiting = 0
    for (const { sink } of this.watchers) this.waiting += sink.waiting()
  }

  /** When more waits than may, whoever takes least goes first, until there is room again for a while. */
  private relieve(): void {
    const { totalBytes } = this.limits
    if (this.waiting + this.told <= totalBytes) return
    this.count()
    if (this.waiting <= totalBytes) return
    const slowest = [...this.watchers]
      .map((watcher) => ({ watcher, bytes: watcher.sink.waiting() }))
      .sort((a, b) => b.bytes - a.bytes)
    for (const { bytes, watcher } of slowest) {
      if (this.waiting <= (totalBytes * 3) / 4) return
      this.counts.slow++
      this.waiting -= bytes
      this.end(watcher, "slow")
    }
  }

  private isSlow(watcher: Watcher, now: number): boolean {
    const waiting = watcher.sink.waiting()
    if (waiting === 0) watcher.waitingSince = undefined
    else watcher.waitingSince ??= now
    const since = watcher.waitingSince
    return waiting > this.limits.waitingBytes || (since !== undefined && now - since >= this.limits.waitingMs)
  }

  private end(watcher: Watcher, why: Farewell): void {
    this.leave(watcher)
    watcher.sink.close(why)
  }

  private leave(watcher: Watcher): void {
    if (!this.watchers.delete(watcher)) return
    const person = personOf(watcher.claims)
    const left = (this.persons.get(person) ?? 1) - 1
    if (left === 0) this.persons.delete(person)
    else this.persons.set(person, left)
  }
}
