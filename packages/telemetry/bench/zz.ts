/**
 * What one audit row costs: CPU µs of the whole process, worker included, and µs on the serving thread, for the ways a row
 * can travel, be hashed and be stored; then the sink as shipped. Arms are interleaved, the median of the rounds is printed.
 * `bun run packages/telemetry/bench/audit.ts [rounds] [rows]`
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AuditRow } from "@mcpgw/domain/Audit"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { encodeRow } from "../src/AuditRecord.ts"
import type { SpawnWorker } from "../src/AuditProtocol.ts"
import { makeSink, spawnThread } from "../src/AuditSqlite.ts"
import type { Arm } from "./auditArm.ts"

const ROUNDS = Number(process.argv[2] ?? 5)
const ROWS = Number(process.argv[3] ?? 60_000)
const WARM_UP = 20_000
const BATCH = 256
/** Rows under way at most, so that no arm is timed while its queue grows. */
const WINDOW = 2048

const row = (index: number): AuditRow => ({
  id: crypto.randomUUID(),
  at: 1_770_000_000_000 + index * 3,
  issuer: "https://issuer.example/realms/main",
  subject: crypto.randomUUID(),
  username: `user${index % 500}@example.com`,
  client_id: "cursor",
  auth_method: "bearer",
  remote: `192.0.2.${index % 200}`,
  http_method: "POST",
  server: "/currenttime",
  method: "tools/call",
  tool: "current_time_by_timezone",
  decision: "allow",
  rule: "mcp-servers-restricted/execute[2].tools",
  outcome: "ok",
  status: 200,
  rpc_code: null,
  duration_ms: 1.25 + index * 0.001
})

const first = row(0)
const pool = Array.from({ length: 4096 }, (_, index) => row(index))

interface Subject {
  readonly append: (row: AuditRow) => void
  /** Resolves when everything appended is written. */
  readonly settle: () => Promise<void>
  readonly close: () => Promise<void>
}

const ARMS: ReadonlyArray<Arm> = [
  { travel: "lines", hash: "none", store: "drop" },
  { travel: "json", hash: "none", store: "drop" },
  { travel: "tuples", hash: "none", store: "drop" },
  { travel: "objects", hash: "none", store: "drop" },
  { travel: "columns", hash: "none", store: "drop" },
  { travel: "lines", hash: "bun-hex", store: "drop" },
  { travel: "lines", hash: "bun-base64", store: "drop" },
  { travel: "lines", hash: "node-hex", store: "drop" },
  { travel: "lines", hash: "node-streaming", store: "drop" },
  { travel: "lines", hash: "bun-base64", store: "text", pageSize: 4096 },
  { travel: "lines", hash: "bun-base64", store: "text" },
  { travel: "lines", hash: "bun-base64", store: "text", pageSize: 16_384 },
  { travel: "lines", hash: "bun-base64", store: "multi" },
  { travel: "lines", hash: "bun-base64", store: "json_each" },
  { travel: "lines", hash: "bun-base64", store: "columns" }
]

const TRAVEL: Record<
  Arm["travel"],
  { readonly keep: (row: AuditRow) => unknown; readonly pack: (rows: ReadonlyArray<never>) => unknown }
> = {
  lines: { keep: encodeRow, pack: (rows) => rows.join("\n") },
  json: { keep: (row) => Object.values(row), pack: (rows) => JSON.stringify(rows) },
  tuples: { keep: (row) => Object.values(row), pack: (rows) => rows },
  objects: { keep: (row) => row, pack: (rows) => rows },
  columns: {
    keep: (row) => Object.values(row),
    pack: (rows: ReadonlyArray<ReadonlyArray<unknown>>) =>
      (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]))
  }
}

/** A count that can be waited for. */
const makeCounter = () => {
  let value = 0
  let wake: () => void = () => {}
  return {
    value: () => value,
    set: (next: number) => {
      value = next
      wake()
    },
    reach: async (target: number) => {
      for (;;) {
        if (value >= target) return
        await new Promise<void>((resolve) => (wake = resolve))
      }
    }
  }
}

const startArm = async (arm: Arm, path: string): Promise<Subject> => {
  const worker = new Worker(new URL("./auditArm.ts", import.meta.url))
  const { keep, pack } = TRAVEL[arm.travel]
  let waiting: Array<never> = []
  let sent = 0
  const counter = makeCounter()
  const opened = new Promise<void>((resolve) => worker.addEventListener("message", () => resolve(), { once: true }))
  worker.addEventListener("message", (event: MessageEvent<number>) => counter.set(counter.value() + event.data))
  worker.postMessage({ arm, path })
  await opened
  const post = () => {
    worker.postMessage(pack(waiting))
    sent += waiting.length
    waiting = []
  }
  return {
    append: (row) => {
      waiting.push(keep(row) as never)
      if (waiting.length >= BATCH) post()
    },
    settle: async () => {
      if (waiting.length > 0) post()
      await counter.reach(sent)
    },
    close: async () => worker.terminate()
  }
}

/** The real sink on the real thread; acknowledgements are read on their way, because a flush would also checkpoint. */
const startShipped = async (path: string): Promise<Subject> => {
  const counter = makeCounter()
  const spawn: SpawnWorker = (events) =>
    spawnThread({
      ...events,
      message: (message) => {
        events.message(message)
        if (typeof message === "number") counter.set(message)
      }
    })
  const scope = await Effect.runPromise(Scope.make())
  const sink = await Effect.runPromise(makeSink(spawn, { path }).pipe(Scope.extend(scope)))
  let appended = 0
  return {
    append: (row) => {
      appended++
      sink.append(row)
    },
    settle: () => counter.reach(appended),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

const nothing: Subject = {
  append: () => {},
  settle: () => new Promise((resolve) => setImmediate(resolve)),
  close: async () => {}
}

const drive = async (subject: Subject, rows: number): Promise<number> => {
  let mine = 0
  for (let done = 0; done < rows; done += WINDOW) {
    const from = Bun.nanoseconds()
    for (let index = 0; index < WINDOW; index++) subject.append(pool[(done + index) & 4095] ?? first)
    mine += Bun.nanoseconds() - from
    await subject.settle()
  }
  return mine / 1000 / (Math.ceil(rows / WINDOW) * WINDOW)
}

const measure = async (start: (path: string) => Promise<Subject>): Promise<{ total: number; serving: number }> => {
  const folder = mkdtempSync(join(tmpdir(), "mcpgw-bench-"))
  const subject = await start(join(folder, "audit.db"))
  await drive(subject, WARM_UP)
  const before = process.cpuUsage()
  const serving = await drive(subject, ROWS)
  const used = process.cpuUsage(before)
  await subject.close()
  rmSync(folder, { recursive: true, force: true })
  return { total: (used.user + used.system) / (Math.ceil(ROWS / WINDOW) * WINDOW), serving }
}

const subjects: ReadonlyArray<readonly [string, (path: string) => Promise<Subject>]> = [
  ["(nothing)", async () => nothing],
  ...ARMS.filter((a)=>a.store==="text"&&a.pageSize===undefined).map((arm) => [Object.values(arm).join(" · "), (path: string) => startArm(arm, path)] as const),
  ["AS SHIPPED", startShipped]
]

const results = subjects.map(() => ({ total: [] as Array<number>, serving: [] as Array<number> }))
for (let round = 0; round < ROUNDS; round++)
  for (const [index, [, start]] of subjects.entries()) {
    const { serving, total } = await measure(start)
    results[index]?.total.push(total)
    results[index]?.serving.push(serving)
  }

const median = (values: ReadonlyArray<number> = []): string =>
  (values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN).toFixed(2)
process.stdout.write(`${"travel · hash · store".padEnd(44)} CPU µs/row  lowest  serving thread µs/row\n`)
for (const [index, [name]] of subjects.entries()) {
  const { serving, total } = results[index] ?? { serving: [], total: [] }
  process.stdout.write(
    `${name.padEnd(44)} ${median(total).padStart(10)} ${Math.min(...total)
      .toFixed(2)
      .padStart(7)} ${median(serving).padStart(9)}\n`
  )
}
