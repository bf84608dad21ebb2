/**
 * A lock over all processes of this machine, held by the operating system through SQLite's lock of a file: whoever dies while holding it, killed
 * or not, has let go. The file stays and holds nothing.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import { Database } from "bun:sqlite"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Schedule from "effect/Schedule"
import { failed, type Failure } from "../Failure.ts"

/** Files the fiber holds already: through those it goes. */
const inside = FiberRef.unsafeMake<ReadonlySet<string>>(new Set())

/** Tries of a tenth of a second each: longer than a token endpoint may take. */
const TRIES = 300

/** Never waits in SQLite, which would stop whoever holds the lock in this process. */
const taken = (file: string) =>
  Effect.try({
    try: () => {
      const database = new Database(file, { create: true, readwrite: true })
      try {
        database.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
      } catch (error) {
        database.close()
        throw error
      }
      return database
    },
    catch: (error) => (error instanceof Error && Reflect.get(error, "code") === "SQLITE_BUSY" ? "busy" : String(error))
  })

const another = failed("Another mcpgw is at the same files", "try again when it has ended")

/** Runs alone among all that name the same file, in a folder that is made when it is not there. */
export const locked =
  (fs: FileSystem.FileSystem, folder: string, file: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Failure, R> =>
    Effect.gen(function* () {
      const held = yield* FiberRef.get(inside)
      if (held.has(file)) return yield* effect
      yield* Effect.mapError(fs.makeDirectory(folder, { recursive: true, mode: 0o700 }), ({ message }) =>
        failed(`${JSON.stringify(folder)} can not be made: ${message}`)
      )
      // Never opened when it is there: whoever closes a file lets go of all locks their process has on it.
      yield* Effect.ignore(fs.writeFileString(file, "", { flag: "wx", mode: 0o600 }))
      const lock = Effect.retry(taken(file), {
        schedule: Schedule.spaced("100 millis"),
        times: TRIES,
        while: (problem) => problem === "busy"
      }).pipe(
        Effect.mapError((problem) => (problem === "busy" ? another : failed(`${file} can not be used: ${problem}`)))
      )
      return yield* Effect.acquireUseRelease(
        Effect.interruptible(lock),
        () => Effect.locally(effect, inside, new Set([...held, file])),
        (database) => Effect.sync(() => database.close())
      )
    })
