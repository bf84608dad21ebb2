/**
 * A real PostgreSQL server on loopback for tests: own port, own data folder, no socket in the file system; it ends with the test process,
 * however that one ends. Imported from tests only.
 */
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { freePort, root, type Running, spawn, tempDir } from "../Process.ts"
import type { Programs } from "./find.ts"

export const READY_MS = 60_000
/** Changes with how a data folder is made, so that an older one is not taken. */
const VERSION = 1
const USER = "mcpgw"
/** Of servers on loopback that live for a test. Its characters need escapes in a URL. */
const PASSWORD = "correct/horse battery@9"

export interface TestPostgres {
  readonly port: number
  /** `postgres://…` of a new database with nothing in it. `options`: SQL, such as `ENCODING 'LATIN1'`. */
  readonly createDatabase: (options?: string) => Promise<string>
  /** `postgres://…` of a new schema with nothing in it, in a database shared with others: quicker than a database. */
  readonly createSchema: () => Promise<string>
  readonly output: () => string
  /** Ends the server, connections and all; the data stay. `SIGKILL`: without a word to anybody. */
  readonly stop: (signal?: "SIGINT" | "SIGKILL") => Promise<void>
  /** Starts it again after `stop`, on the same port. */
  readonly start: () => Promise<void>
  /** Ends the server and removes its data. */
  readonly close: () => Promise<void>
}

/** What runs it, so that it ends with this process. */
const SUPERVISED = [process.execPath, "run", "--no-orphans", join(root, "packages/testkit/src/supervise.ts")] as const

/** What was committed outlives a killed server, not a machine. */
const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  fsync: "off",
  full_page_writes: "off",
  shared_buffers: "16MB",
  max_connections: "100",
  max_wal_size: "64MB",
  log_min_messages: "fatal"
} as const

/** What a machine in service has. */
const DURABLE = { fsync: "on", full_page_writes: "on", shared_buffers: "128MB", max_wal_size: "1GB" } as const

const asUser = ({ user }: Programs): ReadonlyArray<string> =>
  user === undefined ? [] : ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"]

/** Where a data folder that nobody has used is kept, one for each version and owner: copying one takes a tenth of making one. */
const unusedOf = ({ bin, user }: Programs): string =>
  join(
    root,
    ".cache",
    "postgres",
    Bun.hash(JSON.stringify([VERSION, bin, user?.uid ?? process.getuid?.()])).toString(36)
  )

const copied = async (from: string, to: string): Promise<boolean> =>
  (await spawn({ command: ["cp", "-a", from, to] }).exited) === 0

/** Another process may have been first; then its own stays. */
const keep = async (data: string, unused: string): Promise<void> => {
  const partial = `${unused}-${crypto.randomUUID()}`
  mkdirSync(dirname(unused), { recursive: true })
  try {
    if (await copied(data, partial)) renameSync(partial, unused)
  } catch (error) {
    if (!existsSync(unused)) throw error
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}

const initialise = async (programs: Programs, data: string, passwordFile: string): Promise<void> => {
  const unused = unusedOf(programs)
  if (programs.user !== undefined) chownSync(join(data, ".."), programs.user.uid, programs.user.gid)
  if (existsSync(unused)) {
    if (await copied(unused, data)) return
    rmSync(data, { recursive: true, force: true })
  }
  await make(programs, data, passwordFile)
  await keep(data, unused)
}

const make = async (programs: Programs, data: string, passwordFile: string): Promise<void> => {
  await Bun.write(passwordFile, PASSWORD)
  if (programs.user !== undefined) chownSync(passwordFile, programs.user.uid, programs.user.gid)
  const words = [
    "-D",
    data,
    "-U",
    USER,
    "-A",
    "scram-sha-256",
    `--pwfile=${passwordFile}`,
    "-E",
    "UTF8",
    "--locale=C",
    "--no-sync"
  ]
  const running = spawn({
    command: [...asUser(programs), join(programs.bin, "initdb"), ...words],
    cwd: join(data, "..")
  })
  if ((await running.exited) !== 0) throw new Error(`initdb failed:\n${running.output()}`)
}

const launch = async (programs: Programs, data: string, port: number, durable: boolean): Promise<Running> => {
  const settings = Object.entries(durable ? { ...SETTINGS, ...DURABLE } : SETTINGS).flatMap(([name, value]) => [
    "-c",
    `${name}=${value}`
  ])
  const running = spawn({
    command: [
      ...SUPERVISED,
      ...asUser(programs),
      join(programs.bin, "postgres"),
      "-D",
      data,
      "-p",
      String(port),
      ...settings
    ],
    cwd: join(data, "..")
  })
  const ended = running.exited.then(() => true)
  const deadline = Date.now() + READY_MS
  while (Date.now() < deadline) {
    if (await answers(port)) return running
    if (await Promise.race([ended, Bun.sleep(20)])) break
  }
  await running.stop("SIGKILL")
  throw new Error(`PostgreSQL ended or was not ready in time:\n${running.output()}`)
}

/** Its id is the first line of that file. */
const postmaster = (data: string): number => {
  const pid = Number.parseInt(readFileSync(join(data, "postmaster.pid"), "utf8"), 10)
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new Error("the server has no id")
  return pid
}

const urlOf = (port: number, database: string): string =>
  `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${database}`

const connect = (port: number): Bun.SQL => new Bun.SQL(urlOf(port, "postgres"), { max: 1, connectionTimeout: 5 })

const answers = async (port: number): Promise<boolean> => {
  const sql = connect(port)
  try {
    await sql.unsafe("SELECT 1")
    return true
  } catch {
    return false
  } finally {
    await sql.close()
  }
}

/** `durable`: writes as a server in service does, for measurements; otherwise as fast as tests need it. */
export const startPostgres = async (programs: Programs, durable = false): Promise<TestPostgres> => {
  const port = await freePort()
  const room = tempDir("postgres")
  const data = join(room.path, "data")
  let running: Running | undefined
  let administrator: Bun.SQL | undefined
  let made = 0
  const administer = async (statement: string): Promise<void> => {
    administrator ??= connect(port)
    await administrator.unsafe(statement)
  }
  const start = async (): Promise<void> => {
    running = await launch(programs, data, port, durable)
  }
  const stop = async (signal: "SIGINT" | "SIGKILL" = "SIGINT"): Promise<void> => {
    await administrator?.close()
    administrator = undefined
    if (signal === "SIGKILL") process.kill(postmaster(data), signal)
    await (signal === "SIGKILL" ? running?.exited : running?.stop(signal))
  }
  const close = async (): Promise<void> => {
    await stop()
    room.remove()
  }
  try {
    await initialise(programs, data, join(room.path, "password"))
    await start()
  } catch (error) {
    await close()
    throw error
  }
  return {
    port,
    createDatabase: async (options = "") => {
      const name = `d${++made}`
      await administer(`CREATE DATABASE ${name} TEMPLATE template0 ${options}`)
      return urlOf(port, name)
    },
    createSchema: async () => {
      const name = `s${++made}`
      await administer(`CREATE SCHEMA ${name}`)
      return `${urlOf(port, "postgres")}?options=${encodeURIComponent(`-c search_path=${name}`)}`
    },
    output: () => running?.output() ?? "",
    stop,
    start,
    close
  }
}
