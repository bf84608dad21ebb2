/**
 * Keeps records and vault together, whoever changed a record: what came with its headers in the clear (an import, a record of an older
 * version) is sealed, what another process sealed is opened, and what no record names any more is removed.
 */
import type { ServerRecord } from "@mcpgw/domain/Server"
import { Registry, type RegistryApi } from "@mcpgw/registry/Registry"
import { SEALED, isBareReference } from "@mcpgw/vault/ServerSecrets"
import { Vault, type VaultApi } from "@mcpgw/vault/Vault"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { withSecrets } from "./vaultWrites.ts"

const SWEEP_EVERY = Duration.minutes(5)

/** Are there values that should be in the vault? Without a row, references have to be, too: there they count. */
const inTheClear = ({ credential_ref, headers }: ServerRecord): boolean =>
  headers
    .flatMap((header) => Object.values(header))
    .some((value) => value !== SEALED && (credential_ref === undefined || !isBareReference(value)))

/** An administrator vouched for a trusted record, and for what it refers to. */
const seal = (registry: RegistryApi, record: ServerRecord) =>
  withSecrets(
    { given: { headers: record.headers }, before: record, path: record.path, vouches: record.trusted_address },
    (inPlace) => registry.update(record.path, inPlace)
  ).pipe(
    Effect.zipRight(Effect.logInfo(`Sealed the headers of ${record.path}`)),
    Effect.catchAll((failure) =>
      Effect.logWarning(`The headers of ${record.path} can not be sealed: ${failure.message}`)
    )
  )

const settle = (registry: RegistryApi, vault: VaultApi, path: string) =>
  Effect.gen(function* () {
    const record = registry.get(path)?.record
    if (record === undefined) return
    if (inTheClear(record)) return yield* seal(registry, record)
    if (record.credential_ref !== undefined) yield* vault.load(record.credential_ref)
  }).pipe(Effect.catchTag("VaultUnavailable", (failure) => Effect.logWarning(failure.message, failure.cause)))

const sweep = (registry: RegistryApi, vault: VaultApi) =>
  Effect.suspend(() => {
    const refs = [...registry.snapshot().servers.values()].flatMap(({ record }) => record.credential_ref ?? [])
    return vault.sweep(new Set(refs))
  }).pipe(
    Effect.tap((count) => (count === 0 ? Effect.void : Effect.logInfo(`Removed ${count} credentials of no server`))),
    Effect.catchAll((failure) => Effect.logWarning(failure.message, failure.cause))
  )

/** Ends with its scope. */
export const layer: Layer.Layer<never, never, Registry | Vault> = Layer.scopedDiscard(
  Effect.gen(function* () {
    const registry = yield* Registry
    const vault = yield* Vault
    const changes = yield* registry.subscribe
    yield* Effect.forEach(registry.snapshot().servers.keys(), (path) => settle(registry, vault, path), {
      discard: true
    })
    yield* changes.pipe(
      Stream.runForEach(({ kind, path }) =>
        kind === "registered" || kind === "updated" ? settle(registry, vault, path) : Effect.void
      ),
      Effect.forkScoped
    )
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(sweep(registry, vault), Effect.sleep(SWEEP_EVERY))))
  })
)
