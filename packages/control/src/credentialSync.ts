/**
 * Keeps records and vault together, whoever changed a record: what came with its headers in the clear (an import, a record of an older
 * version) is sealed, what another process sealed is opened, and what no record and no import names any more is removed.
 */
import type { ServerRecord } from "@mcpgw/domain/Server"
import { Imports, type ImportsApi } from "@mcpgw/registry/import/Imports"
import { Registry, type RegistryApi } from "@mcpgw/registry/Registry"
import { SEALED, isBareReference } from "@mcpgw/vault/ServerSecrets"
import { Vault, type VaultApi } from "@mcpgw/vault/Vault"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { turnOf, uponNewest } from "./turns.ts"
import { discard, withSecrets } from "./vaultWrites.ts"

const SWEEP_EVERY = Duration.minutes(5)

/** Are there values that should be in the vault? Without a row, references have to be, too: there they count. */
const inTheClear = ({ credential_ref, headers }: ServerRecord): boolean =>
  headers
    .flatMap((header) => Object.values(header))
    .some((value) => value !== SEALED && (credential_ref === undefined || !isBareReference(value)))

/**
 * In its turn, and of the record as it is then: what somebody has sealed meanwhile is never written over. An administrator vouched for a
 * trusted record, and for what it refers to.
 */
const seal = (registry: RegistryApi, path: string) =>
  Effect.suspend(() => {
    const record = registry.get(path)?.record
    if (record === undefined || !inTheClear(record)) return Effect.void
    const change = { given: { headers: record.headers }, before: record, path, vouches: record.trusted_address }
    return Effect.zipRight(
      withSecrets(change, (inPlace) => registry.exactly(record).update(inPlace)),
      Effect.logInfo(`Sealed the headers of ${path}`)
    )
  }).pipe(
    uponNewest,
    turnOf(registry),
    Effect.catchAll((failure) => Effect.logWarning(`The headers of ${path} can not be sealed: ${failure.message}`))
  )

const settle = (registry: RegistryApi, vault: VaultApi, path: string) =>
  Effect.gen(function* () {
    const found = registry.get(path)?.record
    if (found !== undefined && inTheClear(found)) yield* seal(registry, path)
    const ref = registry.get(path)?.record.credential_ref
    if (ref !== undefined) yield* vault.load(ref)
  }).pipe(Effect.catchTag("VaultUnavailable", (failure) => Effect.logWarning(failure.message, failure.cause)))

interface Parts {
  readonly imports: ImportsApi
  readonly registry: RegistryApi
  readonly vault: VaultApi
}

/**
 * Removes what nothing names. `seen`: what none named the last time. A snapshot may lag, and the clock of who has just sealed something may be
 * another: so it takes two looks, and then the record is read where it is stored.
 */
const sweep = ({ imports, registry, vault }: Parts, seen: Ref.Ref<ReadonlySet<string>>) =>
  Effect.gen(function* () {
    const ofServers = [...registry.snapshot().servers.values()].flatMap(({ record }) => record.credential_ref ?? [])
    const unnamed = yield* vault.unnamed(new Set([...ofServers, ...(yield* imports.credentials)]))
    const before = yield* Ref.getAndSet(seen, new Set(unnamed.map(({ ref }) => ref)))
    let count = 0
    for (const { path, ref } of unnamed.filter((row) => before.has(row.ref))) {
      if ((yield* registry.reread(path))?.record.credential_ref === ref) continue
      yield* vault.remove(ref)
      count++
    }
    if (count > 0) yield* Effect.logInfo(`Removed ${count} credentials that nothing names`)
  }).pipe(Effect.catchAll((failure) => Effect.logWarning(failure.message, failure.cause)))

/** Ends with its scope. */
export const layer: Layer.Layer<never, never, Imports | Registry | Vault> = Layer.scopedDiscard(
  Effect.gen(function* () {
    const registry = yield* Registry
    const vault = yield* Vault
    const parts: Parts = { imports: yield* Imports, registry, vault }
    const seen = yield* Ref.make<ReadonlySet<string>>(new Set())
    const changes = yield* registry.subscribe
    yield* Effect.forEach(registry.snapshot().servers.keys(), (path) => settle(registry, vault, path), {
      discard: true
    })
    // Of any kind: what another process changed at once comes as one change, named after what shows most.
    yield* changes.pipe(
      Stream.runForEach(({ kind, path }) =>
        kind === "removed" || kind === "health" ? Effect.void : settle(registry, vault, path)
      ),
      Effect.forkScoped
    )
    yield* Effect.forkScoped(Stream.runForEach(parts.imports.dropped, (ref) => discard(vault, ref)))
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(sweep(parts, seen), Effect.sleep(SWEEP_EVERY))))
  })
)
