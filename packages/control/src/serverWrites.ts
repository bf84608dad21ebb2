/**
 * Changes of servers as somebody, whatever route asks for them: permissions first, then the registry, then what belongs to a server and is
 * kept elsewhere. Reads no request.
 */
import { Forbidden, problem, Unavailable } from "@mcpgw/api/ApiError"
import { normalizePath } from "@mcpgw/domain/Ids"
import type { Registration, ServerRecord } from "@mcpgw/domain/Server"
import { Ratings } from "@mcpgw/registry/Ratings"
import { Registry } from "@mcpgw/registry/Registry"
import { ServerChanged } from "@mcpgw/registry/RegistryError"
import * as Effect from "effect/Effect"
import { type Actor, authorize, authorizeName, findServer } from "./access.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import type { Asker, Edit, WithCredential } from "./serverFields.ts"
import { invalidSecret, vaultDown } from "./serverSecrets.ts"
import { failures, gone, invalid, storeDown } from "./storeFailures.ts"
import { turnOf, uponNewest } from "./turns.ts"
import { forgetSecrets, withSecrets } from "./vaultWrites.ts"

const busy = new Unavailable(problem("Others keep changing this server", "Send it again in a moment"))

/**
 * A change alone among those of this API, made anew from what holds by then, its rights and its `If-Match` included, when something else was
 * quicker. It reads what it changes within itself: a record from outside would stay the one that is not there any more.
 */
export const inTurn = <A, E, R>(change: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Registry, (registry) =>
    turnOf(registry)(
      uponNewest(change).pipe(
        Effect.catchIf(
          (error: E): error is Extract<E, ServerChanged> => error instanceof ServerChanged,
          () => busy
        )
      )
    )
  )

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
      registry.exactly(record).update({ ...edit, ...inPlace })
    ).pipe(
      Effect.catchTags({
        ...failures,
        InvalidSecret: invalidSecret,
        InvalidServer: invalid,
        VaultUnavailable: vaultDown
      })
    )
  )

/** The edit of exactly that record alone; for those who have their turn already. */
export const editInTurn = (who: Actor, record: ServerRecord, edit: Edit) =>
  Effect.zipRight(authorizeEdit(who, record, edit), update(record, edit, who.isAdmin))

/**
 * What the ratings of that registration average to is shown as its stars, asked again when the record has changed meanwhile: of two who rate
 * at once the later write shows both. Whoever rates need not be allowed to edit.
 */
export const showStars = <E, R>({ path, registered_at }: ServerRecord, average: Effect.Effect<number, E, R>) =>
  inTurn(
    Effect.gen(function* () {
      const registry = yield* Registry
      const record = registry.get(path)?.record
      if (record?.registered_at !== registered_at) return yield* gone()
      const num_stars = yield* average
      yield* Effect.catchTags(registry.exactly(record).update({ num_stars }), { ...failures, InvalidServer: invalid })
    })
  )

/** Switches the server at `path` as it is then; `enabled` is told what it was. */
export const switchAs = (who: Actor, path: string, enabled: (record: ServerRecord) => boolean) =>
  inTurn(
    Effect.gen(function* () {
      const registry = yield* Registry
      const { record } = yield* findServer(who, path)
      yield* authorize(who, "toggle_service", record)
      return yield* Effect.catchTags(registry.exactly(record).toggle(enabled(record)), failures)
    })
  )

/** The removal of exactly that record alone; for those who have their turn already. */
export const removeInTurn = (who: Actor, record: ServerRecord) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const ratings = yield* Ratings
    yield* authorize(who, "modify_service", record)
    const removed = yield* Effect.catchTags(registry.exactly(record).remove, failures)
    yield* forgetSecrets(record)
    // Ratings of a registration that is gone count no more; that they are still stored harms nobody.
    yield* Effect.catchTag(ratings.forget(record.path), "StoreUnavailable", (failure) =>
      Effect.logWarning(`Ratings of ${record.path} are still stored`, failure.cause)
    )
    return removed
  })

export const removeAs = (who: Actor, path: string) =>
  inTurn(Effect.flatMap(findServer(who, path), ({ record }) => removeInTurn(who, record)))
