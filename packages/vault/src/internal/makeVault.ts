/** The vault over its rows: opens them at the start, keeps them open in memory, seals what comes. */
import { KeyRing, type KeyRingApi, type SealingKey } from "@mcpgw/domain/KeyRing"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { ServerSecrets } from "../ServerSecrets.ts"
import type { Recipient, Stored, VaultApi, VaultOptions } from "../Vault.ts"
import { VaultUnavailable } from "../VaultError.ts"
import type { Row, Rows } from "./rows.ts"
import { isSealedWith, open, seal } from "./seal.ts"
import { NOTHING, type Opened, storedOf, variablesOf } from "./stored.ts"

const Json = Schema.parseJson(ServerSecrets)
const decode = Schema.decodeUnknownEither(Json)
const encode = Schema.encodeSync(Json)

/** Rows younger than this may be of a change that is under way. */
const GRACE_MS = 60_000

/** Longest that the value of a variable may be, and what it may hold: it becomes part of a header. */
const isHeaderValue = (value: string): boolean => value.length <= 8_192 && /^[\x20-\x7e]+$/.test(value)

interface Parts {
  readonly rows: Rows
  readonly keys: KeyRingApi
  readonly options: VaultOptions
  readonly opened: Map<string, Held>
}

interface Held {
  readonly path: string
  readonly state: Opened
}

const UNREADABLE: Opened = { kind: "unreadable" }

const newest = ({ sealing: [key] }: KeyRingApi): Effect.Effect<SealingKey, VaultUnavailable> =>
  key === undefined ? Effect.fail(new VaultUnavailable({ cause: "there is no sealing key" })) : Effect.succeed(key)

const openText = ({ options }: Parts, text: string): Effect.Effect<Opened> =>
  Effect.gen(function* () {
    const secrets = decode(text)
    if (Either.isLeft(secrets)) return UNREADABLE
    const variables = new Map<string, string>()
    for (const name of variablesOf(secrets.right)) {
      const value = yield* options.variable(name)
      if (value !== undefined && isHeaderValue(value)) variables.set(name, value)
    }
    return { kind: "open", secrets: secrets.right, variables }
  })

/** Opens a row, and seals it anew when it was not the newest key that sealed it. */
const take = (parts: Parts, row: Row): Effect.Effect<void, VaultUnavailable> =>
  Effect.gen(function* () {
    const { keys, opened, rows } = parts
    const text = open(keys.sealing, row, row.sealed)
    const state = text === undefined ? UNREADABLE : yield* openText(parts, text)
    opened.set(row.id, { path: row.path, state })
    if (text === undefined || state.kind === "unreadable") {
      return yield* Effect.logError(`The stored credential of ${row.path} can not be opened; it has to be set again`)
    }
    const key = yield* newest(keys)
    if (!isSealedWith(key, row.sealed)) yield* rows.put({ ...row, sealed: seal(key, row, text) })
  })

const put = (parts: Parts, path: string, secrets: ServerSecrets): Effect.Effect<string, VaultUnavailable> =>
  Effect.gen(function* () {
    const id = crypto.randomUUID()
    const text = encode(secrets)
    const sealed = seal(yield* newest(parts.keys), { id, path }, text)
    const set_at = new Date(yield* Clock.currentTimeMillis).toISOString()
    yield* parts.rows.put({ id, path, sealed, set_at })
    parts.opened.set(id, { path, state: yield* openText(parts, text) })
    return id
  })

const remove = ({ opened, rows }: Parts, id: string): Effect.Effect<void, VaultUnavailable> =>
  Effect.zipRight(
    rows.remove(id),
    Effect.sync(() => void opened.delete(id))
  )

const unnamed = ({ rows }: Parts, live: ReadonlySet<string>) =>
  Effect.gen(function* () {
    const before = new Date((yield* Clock.currentTimeMillis) - GRACE_MS).toISOString()
    const found = (yield* rows.all).filter(({ id, set_at }) => !live.has(id) && set_at < before)
    return found.map(({ id, path }) => ({ ref: id, path }))
  })

/** The row a record names, when it is that record's: a name copied elsewhere is worth nothing. */
const rowOf = ({ opened }: Parts, { credential_ref: ref, path }: Recipient): Opened | undefined => {
  const held = ref === undefined ? undefined : opened.get(ref)
  return held?.path === path ? held.state : undefined
}

const plain = ({ auth_scheme, credential_ref, headers }: Recipient): boolean =>
  credential_ref === undefined && headers.length === 0 && auth_scheme !== "bearer" && auth_scheme !== "api_key"

export const makeVault = (rows: Rows, options: VaultOptions): Effect.Effect<VaultApi, VaultUnavailable, KeyRing> =>
  Effect.gen(function* () {
    const parts: Parts = { rows, keys: yield* KeyRing, options, opened: new Map() }
    yield* Effect.flatMap(
      rows.all,
      Effect.forEach((row) => take(parts, row), { discard: true })
    )
    const ready = new WeakMap<Recipient, Stored>()
    return {
      storedFor: (record) => {
        if (plain(record)) return NOTHING
        const known = ready.get(record)
        if (known !== undefined) return known
        const row = rowOf(parts, record)
        const made = storedOf(record, row)
        // One that is not here yet may be soon: another process wrote it.
        if (row !== undefined || record.credential_ref === undefined) ready.set(record, made)
        return made
      },
      secretsOf: (record) => {
        const row = rowOf(parts, record)
        return row?.kind === "open" ? row.secrets : undefined
      },
      put: (path, secrets) => Effect.uninterruptible(put(parts, path, secrets)),
      remove: (ref) => remove(parts, ref),
      load: (ref) =>
        parts.opened.has(ref)
          ? Effect.void
          : Effect.flatMap(rows.get(ref), (row) => (row === undefined ? Effect.void : take(parts, row))),
      unnamed: (live) => unnamed(parts, live)
    }
  })
