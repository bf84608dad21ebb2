/**
 * **KeyRing** kept in one file of the data folder: made at first start with mode 0600, read at later ones, written whole or
 * not at all. Never uses a file that others can read or that it does not understand, and never replaces one on its own.
 */
import { KeyRing, makeSealingKey, makeSigningKey } from "@mcpgw/domain/KeyRing"
import type { KeyRingApi, SealingKey, SigningKey } from "@mcpgw/domain/KeyRing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { chmod, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { createExclusively, readPrivate, replaceAtomically } from "./internal/privateFile.ts"
import { decodeKeys, encodeKeys } from "./internal/keyFile.ts"
import { KeyFileInvalid } from "./StoreError.ts"

/** Name of the file inside the data folder. */
export const KEY_FILE = "keys.json"

export interface KeyFileOptions {
  /** The data folder; created with mode 0700 when absent. */
  readonly directory: string
}

const RESTORE =
  "restore it from a backup, or move it away to start with fresh keys (sessions and issued tokens then end)"

const problemOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const io = <A>(file: string, run: () => Promise<A>): Effect.Effect<A, KeyFileInvalid> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) =>
      new KeyFileInvalid({
        file,
        problem: `can not be read or written (${problemOf(cause)})`,
        remedy: "let the user who runs the gateway own this folder and file"
      })
  })

const read = (file: string): Effect.Effect<KeyRingApi | undefined, KeyFileInvalid> =>
  Effect.gen(function* () {
    const found = yield* io(file, () => readPrivate(file))
    if (found === undefined) return undefined
    if ((found.mode & 0o077) !== 0) {
      return yield* new KeyFileInvalid({
        file,
        problem: `is open to other users (mode ${(found.mode & 0o777).toString(8).padStart(4, "0")})`,
        remedy: `run: chmod 600 ${file} — and run: npm run rotate-keys -- --leaked, if anyone else may have read them`
      })
    }
    const keys = decodeKeys(found.text)
    return typeof keys === "string" ? yield* new KeyFileInvalid({ file, problem: keys, remedy: RESTORE }) : keys
  })

const fresh: Effect.Effect<KeyRingApi> = Effect.map(makeSigningKey, (signing) => ({
  sealing: [makeSealingKey()],
  signing: [signing]
}))

/** Of two processes that start at once one creates the file and both use what it wrote. */
const readOrCreate = (options: KeyFileOptions): Effect.Effect<KeyRingApi, KeyFileInvalid> =>
  Effect.gen(function* () {
    const file = join(options.directory, KEY_FILE)
    const found = yield* read(file)
    if (found !== undefined) return found
    const made = yield* io(file, async () => {
      const created = await mkdir(options.directory, { recursive: true, mode: 0o700 })
      if (created !== undefined) await chmod(options.directory, 0o700)
    }).pipe(Effect.zipRight(fresh))
    if (yield* io(file, () => createExclusively(file, encodeKeys(made)))) {
      yield* Effect.logInfo(`Made fresh keys in ${file}; back this file up`)
    }
    const kept = yield* read(file)
    return kept ?? (yield* new KeyFileInvalid({ file, problem: "vanished while it was read", remedy: "start again" }))
  })

/** Keys of `{directory}/keys.json`, made at first start. Read once: a rotation holds from the next start on. */
export const layerFile = (options: KeyFileOptions): Layer.Layer<KeyRing, KeyFileInvalid> =>
  Layer.effect(KeyRing, readOrCreate(options))

/** What to renew, and how many older keys of each purpose stay valid for opening and verifying. */
export interface RotateOptions extends KeyFileOptions {
  readonly purposes?: ReadonlyArray<"sealing" | "signing">
  /** Keys kept per purpose, the fresh one included; at least 1. Default 3. */
  readonly keep?: number
}

/**
 * Puts a fresh key in front of each purpose (default: both) and answers the ring as it is now stored. Running processes go
 * on with what they read; restart them within the lifetime of what they issue. One rotation at a time is the caller's duty.
 */
export const rotate = (options: RotateOptions): Effect.Effect<KeyRingApi, KeyFileInvalid> =>
  Effect.gen(function* () {
    const file = join(options.directory, KEY_FILE)
    const keep = Math.max(1, options.keep ?? 3)
    const purposes = options.purposes ?? ["sealing", "signing"]
    const old = yield* readOrCreate(options)
    const sealing: ReadonlyArray<SealingKey> = purposes.includes("sealing")
      ? [makeSealingKey(), ...old.sealing].slice(0, keep)
      : old.sealing
    const signing: ReadonlyArray<SigningKey> = purposes.includes("signing")
      ? [yield* makeSigningKey, ...old.signing].slice(0, keep)
      : old.signing
    const kept = new Set([...sealing, ...signing].map(({ id }) => id))
    const gone = [...old.sealing, ...old.signing].map(({ id }) => id).filter((id) => !kept.has(id))
    const ring: KeyRingApi = { sealing, signing, retired: [...(old.retired ?? []), ...gone] }
    yield* io(file, () => replaceAtomically(file, encodeKeys(ring)))
    yield* Effect.logInfo(`Rotated ${purposes.join(" and ")} keys in ${file}`)
    return ring
  })
