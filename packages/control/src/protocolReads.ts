/** Reads of the official registry protocol, with the caller's rights. Changes nothing. */
import { CurrentPrincipal } from "@mcpgw/api/Authentication"
import type { ListParams } from "@mcpgw/api/RegistryProtocol"
import { Catalogue, type CatalogueEntry } from "@mcpgw/registry/v01/Catalogue"
import * as Effect from "effect/Effect"
import { type Caller, caller, sees } from "./access.ts"
import { authenticate } from "./authentication.ts"
import { notFound } from "./protocolAnswer.ts"
import { includesDeleted, pageRequest } from "./protocolQuery.ts"
import { serverList, serverResponse } from "./protocolView.ts"
import { PublicUrls } from "./publicUrls.ts"

/** Who asks. Not by the middleware of the other groups, so that its refusals have the protocol's shape too. */
export const protocolCaller = Effect.flatMap(authenticate, (principal) =>
  Effect.provideService(caller, CurrentPrincipal, principal)
)

const visibleTo =
  (who: Caller) =>
  (record: Readonly<Record<"server_name" | "path", string>>): boolean =>
    sees(who, { record })

export const list = (params: ListParams) =>
  Effect.gen(function* () {
    const who = yield* protocolCaller
    const request = yield* pageRequest(params)
    const page = yield* (yield* Catalogue).page(request, visibleTo(who))
    return serverList(yield* PublicUrls, page)
  })

/** Every version the caller may see, deleted ones as asked for; refused when there is none. */
export const entriesOf = (who: Caller, name: string, includeDeleted: boolean) =>
  Effect.gen(function* () {
    const entries = yield* (yield* Catalogue).ofName(name, visibleTo(who))
    const shown = includeDeleted ? entries : entries.filter(({ status }) => status !== "deleted")
    return shown.length === 0 ? yield* notFound("Server") : shown
  })

export const versions = (name: string, deleted: ListParams["include_deleted"]) =>
  Effect.gen(function* () {
    const who = yield* protocolCaller
    const entries = yield* entriesOf(who, name, yield* includesDeleted(deleted))
    return serverList(yield* PublicUrls, { entries, nextCursor: undefined })
  })

/** */
const pick = (entries: ReadonlyArray<CatalogueEntry>, version: string): CatalogueEntry | undefined =>
  version === "latest" ? entries.find(({ isLatest }) => isLatest) : entries.find((entry) => entry.version === version)

export const version = (name: string, wanted: string, deleted: ListParams["include_deleted"]) =>
  Effect.gen(function* () {
    const who = yield* protocolCaller
    const entry = pick(yield* entriesOf(who, name, yield* includesDeleted(deleted)), wanted)
    if (entry === undefined) return yield* notFound("Server version")
    return serverResponse(yield* PublicUrls, entry)
  })
