/**
 * Taking over the replaced system's files, for administrators (contracts.md §2.1, §2.9). What one of them may not register or modify by the
 * policy's UI permissions is refused item by item. A `scopes.yml` is told about or put in force: `scopesImport.ts`.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import { problem, Unavailable } from "@mcpgw/api/ApiError"
import type { Imported, ImportedItem } from "@mcpgw/api/Import"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { type ImportItem, importServers } from "@mcpgw/registry/Import"
import { Registry } from "@mcpgw/registry/Registry"
import type { WrongField } from "@mcpgw/registry/RegistryError"
import * as Effect from "effect/Effect"
import { type Actor, may } from "./access.ts"
import { administratorOf } from "./administrator.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { sentOf } from "./importBody.ts"
import { answered } from "./longAnswer.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { importScopes, scopesReport } from "./scopesImport.ts"
import { addressErrors } from "./serverFields.ts"
import { storeDown } from "./storeFailures.ts"
import { turnOf } from "./turns.ts"

/** Which UI permission stands against it; undefined when none does. Both the name and the path count, as for a registration. */
const notAllowed = (who: Actor, record: ServerRecord, before: ServerRecord | undefined): WrongField | undefined => {
  const held = JSON.stringify(record.server_name)
  if (before !== undefined) {
    const renamed = { server_name: record.server_name, path: record.path }
    return may(who, "modify_service", before) && may(who, "modify_service", renamed)
      ? undefined
      : { field: "server_name", held, problem: "you do not have permission to modify that service" }
  }
  const byPath = { server_name: record.path.slice(1), path: record.path }
  return who.policy.permits(who.claims, "register_service", record.server_name) && may(who, "register_service", byPath)
    ? undefined
    : { field: "server_name", held, problem: "you do not have permission to register it" }
}

const item = ({ changed, errors, file, notes, path, result }: ImportItem): ImportedItem => ({
  file: file.slice(0, 200),
  path: path ?? null,
  result,
  changed,
  errors: errors.map(({ field, held, problem: expected }) => ({ field, held, expected })),
  notes
})

const halfDone = ({ detail, error }: Unavailable): Unavailable =>
  new Unavailable(problem(error, `${detail}. The scopes.yml is in force; send the same again for the servers`))

const servers = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = "api:import_servers"
    // Before so much is read, and when it is there: whoever may no more by then changes nothing.
    yield* administratorOf(request)
    // On record from here on, whatever comes of it: what fails half way has done something.
    trail.decision = "allow"
    const { dryRun, files, mode, notes, scopes: text, state } = yield* sentOf(request)
    const who = yield* administratorOf(request)
    const registry = yield* Registry
    const { allowedUpstreams } = yield* ControlPlaneConfig
    trail.readOnly = dryRun
    if (mode !== undefined && !dryRun) trail.rule = "api:import_servers_and_policy"
    // The policy first: what is most likely to stand against it is found out while nothing is done yet.
    const scopes = text === undefined ? undefined : yield* importScopes(who, { text, mode, dryRun })
    const alone = turnOf(registry)
    const judge = (record: ServerRecord, before: ServerRecord | undefined): ReadonlyArray<WrongField> => {
      const addresses = addressErrors(record, allowedUpstreams, before)
      const permission = notAllowed(who, record, before)
      return [
        ...(permission === undefined ? [] : [permission]),
        ...addresses.map(({ expected: problem, field, held = "" }) => ({ field, held, problem }))
      ]
    }
    const { items, withoutFile } = yield* Effect.catchAll(
      importServers(registry, { files, state, by: who.claims.username, vouches: true, dryRun, alone, judge }),
      (down) => Effect.mapError(storeDown(down), (error) => (scopes?.applied === true ? halfDone(error) : error))
    )
    const paths = new Set(items.map(({ path }) => path))
    const count = (result: ImportItem["result"]) => items.filter((done) => done.result === result).length
    const report: Imported = {
      dry_run: dryRun,
      created: count("created"),
      updated: count("updated"),
      unchanged: count("unchanged"),
      refused: count("refused"),
      items: items.map(item),
      scopes:
        scopes === undefined
          ? null
          : scopesReport(scopes, (path) => registry.get(path) !== undefined || paths.has(path)),
      notes: [
        ...notes,
        ...withoutFile.slice(0, 100).map((path) => `server_state.json names ${path}, for which there is no file`)
      ]
    }
    return yield* answered(report)
  })

export const layer = HttpApiBuilder.group(Api, "import", (handlers) =>
  handlers.handleRaw("servers", ({ request }) => servers(request), { uninterruptible: true })
)
