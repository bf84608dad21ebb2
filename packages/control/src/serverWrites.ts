/**
 * Changes of servers as somebody, whatever route asks for them: permissions first, then the registry, then what belongs to a server and is
 * kept elsewhere. Reads no request.
 */
import { Forbidden, problem } from "@mcpgw/api/ApiError"
import { normalizePath } from "@mcpgw/domain/Ids"
import type { Registration, ServerRecord } from "@mcpgw/domain/Server"
import { Ratings } from "@mcpgw/registry/Ratings"
import { Registry, type RegistryApi } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { type Actor, authorize, authorizeName } from "./access.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import type { Asker, Edit, WithCredential } from "./serverFields.ts"
import { invalidSecret, vaultDown } from "./serverSecrets.ts"
import { failures, invalid, storeDown } from "./storeFailures.ts"
import { forgetSecrets, withSecrets } from "./vaultWrites.ts"

/** One change by this API at a time, so that nothing comes between what was compared (`If-Match`) and what is written. */
const turns = new WeakMap<RegistryApi, Effect.Semaphore>()

/** Runs a change alone among the changes of this API. Do not nest. */
export const turnOf = (
  registry: RegistryApi
): (<A, E, R>(change: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => {
  const turn = turns.get(registry) ?? Effect.unsafeMakeSemaphore(1)
  turns.set(registry, turn)
  return turn.withPermits(1)
}

export const inTurn = <A, E, R>(change: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Registry> =>
  Effect.flatMap(Registry, (registry) => turnOf(registry)(change))

/** Whose registration or edit this is. */
export const asker = ({ isAdmin }: Actor) =>
  Effect.map(ControlPlaneConfig, ({ allowedUpstreams }): Asker => ({ vouches: isAdmin, allowed: allowedUpstreams }))

const notPublic = new Forbidden(
  problem("Only administrators make a server public", "What is public is told to anyone: name, description, tools")
)

/** Everybody is told of what is public: that is no decision of whoever may edit one server. */
const authorizeVisibility = (who: Actor, wanted: Edit, record?: ServerRecord): Effect.Effect<void, Forbidden> =>
  wanted.visibility === "public" && record?.visibility !== "public" && !who.isAdmin ? notPublic : Effect.void

/** May it be registered at all? Both count, each by itself: a name opens no foreign path, and a path no foreign name. */
export const authorizeRegistration = (who: Actor, registration: Registration) =>
  Effect.gen(function* () {
    // The name as it will be stored: a permission is never asked for another spelling.
    const path = normalizePath(registration.path)
    yield* authorizeName(who, "register_service", { server_name: registration.server_name.trim(), path })
    yield* authorize(who, "register_service", { server_name: path.slice(1), path })
    yield* authorizeVisibility(who, registration)
  })

export const registerAs = (who: Actor, registration: Registration & WithCredential) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    yield* authorizeRegistration(who, registration)
    const path = normalizePath(registration.path)
    const change = { given: registration, before: undefined, path, vouches: who.isAdmin }
    return yield* withSecrets(change, (inPlace) =>
      registry.register({ ...registration, ...inPlace }, who.claims.username)
    ).pipe(
      Effect.catchTags({
        InvalidSecret: invalidSecret,
        InvalidServer: invalid,
        StoreUnavailable: storeDown,
        VaultUnavailable: vaultDown
      })
    )
  })

/** Which permissions an edit takes: to switch is not to modify. */
export const authorizeEdit = (who: Actor, record: ServerRecord, { is_enabled, ...rest }: Edit) =>
  Effect.gen(function* () {
    const switches = is_enabled !== undefined && is_enabled !== record.is_enabled
    if (switches) yield* authorize(who, "toggle_service", record)
    if (!switches || Object.keys(rest).length > 0) yield* authorize(who, "modify_service", record)
    // A display name carries permissions: nobody may rename a server into one they could not modify.
    if (rest.server_name !== undefined) {
      const renamed = { server_name: rest.server_name.trim(), path: record.path }
      yield* authorizeName(who, "modify_service", renamed)
    }
    yield* authorizeVisibility(who, rest, record)
  })

const update = (record: ServerRecord, edit: Edit, vouches: boolean) =>
  Effect.flatMap(Registry, (registry) =>
    withSecrets({ given: edit, before: record, path: record.path, vouches }, (inPlace) =>
      registry.update(record.path, { ...edit, ...inPlace })
    ).pipe(
      Effect.catchTags({
        ...failures,
        InvalidSecret: invalidSecret,
        InvalidServer: invalid,
        VaultUnavailable: vaultDown
      })
    )
  )

/** The edit alone; for those who have their turn already. */
export const editInTurn = (who: Actor, record: ServerRecord, edit: Edit) =>
  Effect.zipRight(authorizeEdit(who, record, edit), update(record, edit, who.isAdmin))

export const editAs = (who: Actor, record: ServerRecord, edit: Edit) => inTurn(editInTurn(who, record, edit))

/** What the ratings of a server average to is shown as its stars. Whoever rates need not be allowed to edit. */
export const showStars = (path: string, num_stars: number) =>
  inTurn(
    Effect.flatMap(Registry, (registry) =>
      Effect.catchTags(registry.update(path, { num_stars }), { ...failures, InvalidServer: invalid })
    )
  )

export const switchAs = (who: Actor, record: ServerRecord, enabled: boolean) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    yield* authorize(who, "toggle_service", record)
    return yield* inTurn(Effect.catchTags(registry.toggle(record.path, enabled), failures))
  })

/** The removal alone; for those who have their turn already. */
export const removeInTurn = (who: Actor, record: ServerRecord) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const ratings = yield* Ratings
    yield* authorize(who, "modify_service", record)
    const removed = yield* Effect.catchTags(registry.remove(record.path), failures)
    yield* forgetSecrets(record)
    // Ratings of a registration that is gone count no more; that they are still stored harms nobody.
    yield* Effect.catchTag(ratings.forget(record.path), "StoreUnavailable", (failure) =>
      Effect.logWarning(`Ratings of ${record.path} are still stored`, failure.cause)
    )
    return removed
  })

export const removeAs = (who: Actor, record: ServerRecord) => inTurn(removeInTurn(who, record))
