/** Worker of bench/audit.ts: one way of decoding, hashing and storing a batch. The shipped way is AuditLedger.ts. */
import { Database } from "bun:sqlite"
import { createHash, hash as nodeHash } from "node:crypto"

declare const self: Worker

/** How rows travel, how they are hashed, how they are stored. */
export interface Arm {
  readonly travel: "lines" | "json" | "tuples" | "objects" | "columns"
  readonly hash: "none" | "bun-hex" | "bun-base64" | "node-hex" | "node-streaming"
  readonly store: "drop" | "text" | "columns" | "multi" | "json_each"
  readonly pageSize?: number
}

type Cell = string | number | null
type Batch = string | ReadonlyArray<ReadonlyArray<Cell>> | ReadonlyArray<Record<string, Cell>>
interface Chained {
  readonly body: string
  readonly previous: string
  readonly digest: string
}

const WIDTH = 18
const MULTI = 20

const HASHES: Record<Arm["hash"], (text: string) => string> = {
  none: () => "",
  "bun-hex": (text) => Bun.CryptoHasher.hash("sha256", text, "hex"),
  "bun-base64": (text) => Bun.CryptoHasher.hash("sha256", text, "base64"),
  "node-hex": (text) => nodeHash("sha256", text, "hex"),
  "node-streaming": (text) => createHash("sha256").update(text).digest("hex")
}

const transpose = (columns: ReadonlyArray<ReadonlyArray<Cell>>): Array<ReadonlyArray<Cell>> =>
  (columns[0] ?? []).map((_, row) => columns.map((column) => column[row] ?? null))

const decode = (travel: Arm["travel"], batch: Batch): ReadonlyArray<string> => {
  if (typeof batch === "string" && travel === "lines") return batch.split("\n")
  const rows = typeof batch === "string" ? JSON.parse(batch) : batch
  const tuples = travel === "columns" ? transpose(rows) : travel === "objects" ? rows.map(Object.values) : rows
  return tuples.map((row: unknown) => JSON.stringify(row))
}

const marks = (count: number): string => Array.from({ length: count }, () => "?").join(", ")

type Store = (rows: ReadonlyArray<Chained>) => void

const stores = (db: Database): Record<Arm["store"], () => Store> => {
  let sequence = 0
  const create = (columns: string) => db.run(`CREATE TABLE entry (sequence INTEGER PRIMARY KEY, ${columns})`)
  const text = (): Store => {
    create("digest TEXT, body TEXT")
    const one = db.prepare("INSERT INTO entry VALUES (?, ?, ?)")
    return (rows) => {
      for (const row of rows) one.run(++sequence, row.digest, row.body)
    }
  }
  const columns = (): Store => {
    create("digest TEXT, " + Array.from({ length: WIDTH }, (_, index) => `c${index}`).join(", "))
    const one = db.prepare(`INSERT INTO entry VALUES (${marks(WIDTH + 2)})`)
    return (rows) => {
      for (const row of rows) one.run(++sequence, row.digest, ...JSON.parse(row.body))
    }
  }
  const multi = (): Store => {
    const one = text()
    const many = db.prepare(`INSERT INTO entry VALUES ${Array.from({ length: MULTI }, () => "(?, ?, ?)").join(", ")}`)
    return (rows) => {
      let index = 0
      for (; index + MULTI <= rows.length; index += MULTI)
        many.run(...rows.slice(index, index + MULTI).flatMap((row) => [++sequence, row.digest, row.body]))
      one(rows.slice(index))
    }
  }
  const each = (): Store => {
    create("digest TEXT, body TEXT")
    const all = db.prepare("INSERT INTO entry SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)")
    return (rows) => void all.run(JSON.stringify(rows.map((row) => [++sequence, row.digest, row.body])))
  }
  return { drop: () => () => {}, text, columns, multi, json_each: each }
}

const start = (arm: Arm, path: string): ((batch: Batch) => number) => {
  const db = new Database(path, { create: true, strict: true })
  db.run(`PRAGMA page_size = ${arm.pageSize ?? 8192}`)
  db.run("PRAGMA journal_mode = WAL")
  db.run("PRAGMA synchronous = NORMAL")
  const store = stores(db)[arm.store]()
  const digestOf = HASHES[arm.hash]
  let previous = ""
  const chain = (body: string): Chained => {
    const row = { body, previous, digest: digestOf(previous + body) }
    previous = row.digest
    return row
  }
  const write = db.transaction((bodies: ReadonlyArray<string>) => store(bodies.map(chain)))
  return (batch) => {
    const bodies = decode(arm.travel, batch)
    if (arm.store === "drop") bodies.forEach(chain)
    else write.immediate(bodies)
    return bodies.length
  }
}

let write: ((batch: Batch) => number) | undefined

/** The first message says what to be, every other one is a batch. */
self.addEventListener("message", (event: MessageEvent<Batch | { readonly arm: Arm; readonly path: string }>) => {
  const message = event.data
  if (typeof message === "object" && "path" in message) {
    write = start(message.arm, message.path)
    self.postMessage(0)
  } else self.postMessage(write?.(message) ?? 0)
})
