/**
 * Taking over the replaced system's servers: its server files and `server_state.json` (contracts.md §2.9), item by item, with a report of each.
 * Running it again changes nothing. What was learned here since stays: the tools a server was seen to have, and its stars. Asks for nobody's
 * right itself: `judge` does.
 */
import { normalizePath } from "@mcpgw/domain/Ids"
import type { ServerRecord } from "@mcpgw/domain/Server"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { isDeepStrictEqual } from "node:util"
import { turn } from "./EventLoop.ts"
import { fieldsOfFile } from "./internal/oldFile.ts"
import { patchRecord, recordFrom, type Patch } from "./Registration.ts"
import type { RegistryApi } from "./Registry.ts"
import type { InvalidServer, StoreUnavailable, WrongField } from "./RegistryError.ts"

/** One file, read. */
export interface ServerFile {
  /** What it is called in the report. */
  readonly name: string
  /** Its JSON; undefined when it is none. */
  readonly content: unknown
}

export interface ImportRequest {
  readonly files: ReadonlyArray<ServerFile>
  /** `server_state.json`: path → on? A server it does not name is off. Undefined: new servers are off unless their file says otherwise. */
  readonly state: Readonly<Record<string, boolean>> | undefined
  /** Who imports, shown as who registered. */
  readonly by: string
  /** They vouch for private addresses (design.md §6, SSRF). */
  readonly vouches: boolean
  readonly dryRun: boolean
  /** Runs each change; for those who let no other change come between what they compare and what they write. */
  readonly alone: <A, E>(change: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** What stands against this record becoming what is registered; `before` is what is there. Empty: nothing. */
  readonly judge: (record: ServerRecord, before: ServerRecord | undefined) => ReadonlyArray<WrongField>
}

export interface ImportItem {
  readonly file: string
  readonly path: string | undefined
  readonly result: "created" | "updated" | "unchanged" | "refused"
  /** Names of the fields that differ from what was there. */
  readonly changed: ReadonlyArray<string>
  /** Why it was refused. */
  readonly errors: ReadonlyArray<WrongField>
  /** What someone who looks should know. */
  readonly notes: ReadonlyArray<string>
}

export interface ImportReport {
  readonly items: ReadonlyArray<ImportItem>
  /** Paths in the state for which there was no file. */
  readonly withoutFile: ReadonlyArray<string>
}

/** Items done between two turns of the event loop. */
const AT_ONCE = 20

type Fields = Readonly<Record<string, unknown>>

const refused = (file: string, path: string | undefined, errors: ReadonlyArray<WrongField>): ImportItem => ({
  file,
  path,
  result: "refused",
  changed: [],
  errors,
  notes: []
})

const problemsOf = ({ field, held, more, problem }: InvalidServer): ReadonlyArray<WrongField> => [
  { field, held, problem },
  ...more
]

const byPath = (state: Readonly<Record<string, boolean>>): ReadonlyMap<string, boolean> =>
  new Map(Object.entries(state).map(([path, on]) => [normalizePath(path), on]))

const notesOf = (fields: Fields, { other_fields: other, path }: ServerRecord): ReadonlyArray<string> => {
  const kept = Object.keys(other ?? {})
  return [
    ...(fields["path"] === path ? [] : [`its path is written ${path} here`]),
    ...(kept.length === 0 ? [] : [`kept without a meaning here: ${kept.join(", ")}`])
  ]
}

const ADDRESSES = ["proxy_pass_url", "mcp_endpoint", "sse_endpoint"] as const

/** What the file changes of a record that is there. What the file does not name stays, and so does what was learned since. */
const patchOf = (fields: Fields, file: ServerRecord, before: ServerRecord, request: ImportRequest): Patch => {
  const { is_enabled, num_stars: _stars, num_tools, registered_at: _at, registered_by: _by, tool_list, ...rest } = file
  const named = Object.fromEntries(Object.entries(rest).filter(([key]) => key in fields && key !== "path"))
  const tools = before.tool_list.length === 0 && "tool_list" in fields ? { tool_list, num_tools } : {}
  const switched = request.state !== undefined ? { is_enabled } : {}
  const moved = ADDRESSES.some((name) => name in fields && file[name] !== before[name])
  const allNamed = ADDRESSES.every((name) => name in fields || before[name] === undefined)
  const trust = moved ? { trusted_address: request.vouches && (allNamed || before.trusted_address) } : {}
  return { ...named, ...tools, ...switched, ...trust }
}

const differences = (a: ServerRecord, b: ServerRecord): ReadonlyArray<string> => {
  const [before, after] = [new Map(Object.entries(a)), new Map(Object.entries(b))]
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => key !== "updated_at" && !isDeepStrictEqual(before.get(key), after.get(key))
  )
}

const isOn = (fields: Fields, path: string, state: ReadonlyMap<string, boolean> | undefined): unknown =>
  state === undefined ? (fields["is_enabled"] ?? false) : (state.get(path) ?? false)

interface Planned {
  readonly item: ImportItem
  /** Does what the item says; undefined when there is nothing to do. */
  readonly change: Effect.Effect<unknown, ImportItem | StoreUnavailable> | undefined
}

const wontDo = (item: ImportItem): Planned => ({ item, change: undefined })

const planOf =
  (registry: RegistryApi, request: ImportRequest, state: ReadonlyMap<string, boolean> | undefined, now: string) =>
  (file: ServerFile, seen: Map<string, string>): Planned => {
    const fields = fieldsOfFile(file.content)
    if (fields === undefined) {
      return wontDo(
        refused(file.name, undefined, [{ field: "file", held: "no JSON object", problem: "it must hold one server" }])
      )
    }
    const given = typeof fields["path"] === "string" ? normalizePath(fields["path"]) : undefined
    const made = recordFrom(
      { ...fields, is_enabled: isOn(fields, given ?? "", state), trusted_address: request.vouches },
      request.by,
      now
    )
    if (Either.isLeft(made)) return wontDo(refused(file.name, given, problemsOf(made.left)))
    const record = made.right
    const twin = seen.get(record.path.toLowerCase())
    if (twin !== undefined) {
      const problem = `${twin} has the same path`
      return wontDo(refused(file.name, record.path, [{ field: "path", held: JSON.stringify(record.path), problem }]))
    }
    seen.set(record.path.toLowerCase(), file.name)
    const before = registry.get(record.path)?.record
    return before === undefined
      ? created(registry, request, file, fields, record)
      : updated(registry, request, file, fields, record, before, now)
  }

const created = (
  registry: RegistryApi,
  request: ImportRequest,
  file: ServerFile,
  fields: Fields,
  record: ServerRecord
): Planned => {
  const errors = request.judge(record, undefined)
  if (errors.length > 0) return wontDo(refused(file.name, record.path, errors))
  const item = {
    file: file.name,
    path: record.path,
    result: "created",
    changed: [],
    errors: [],
    notes: notesOf(fields, record)
  } as const
  const taken = (path: string) =>
    refused(file.name, record.path, [
      { field: "path", held: JSON.stringify(record.path), problem: `${path} is registered already` }
    ])
  const change = Effect.mapError(registry.register(record, request.by), (failure) =>
    failure._tag === "ServerExists"
      ? taken(failure.path)
      : failure._tag === "InvalidServer"
        ? refused(file.name, record.path, problemsOf(failure))
        : failure
  )
  return { item, change }
}

const updated = (
  registry: RegistryApi,
  request: ImportRequest,
  file: ServerFile,
  fields: Fields,
  record: ServerRecord,
  before: ServerRecord,
  now: string
): Planned => {
  const patch = patchOf(fields, record, before, request)
  const patched = patchRecord(before, patch, now)
  if (Either.isLeft(patched)) return wontDo(refused(file.name, record.path, problemsOf(patched.left)))
  const changed = differences(before, patched.right)
  const item = { file: file.name, path: record.path, changed, errors: [], notes: notesOf(fields, record) }
  if (changed.length === 0) return wontDo({ ...item, result: "unchanged" })
  const errors = request.judge(patched.right, before)
  if (errors.length > 0) return wontDo(refused(file.name, record.path, errors))
  const change = Effect.mapError(registry.update(record.path, patch), (failure) =>
    failure._tag === "InvalidServer"
      ? refused(file.name, record.path, problemsOf(failure))
      : failure._tag === "ServerNotFound"
        ? refused(file.name, record.path, [
            { field: "path", held: JSON.stringify(record.path), problem: failure.message }
          ])
        : failure
  )
  return { item: { ...item, result: "updated" }, change }
}

/** Done item by item: a store that can not be reached ends it, what was done until then holds, and running it again does the rest. */
export const importServers = (
  registry: RegistryApi,
  request: ImportRequest
): Effect.Effect<ImportReport, StoreUnavailable> =>
  Effect.gen(function* () {
    const now = new Date(yield* Clock.currentTimeMillis).toISOString()
    const state = request.state === undefined ? undefined : byPath(request.state)
    const plan = planOf(registry, request, state, now)
    const seen = new Map<string, string>()
    const items: Array<ImportItem> = []
    for (const [i, file] of request.files.entries()) {
      if (i > 0 && i % AT_ONCE === 0) yield* turn
      const { change, item } = plan(file, seen)
      const done =
        change === undefined || request.dryRun
          ? Effect.succeed(item)
          : Effect.catchIf(
              Effect.as(request.alone(change), item),
              (failure): failure is ImportItem => "result" in failure,
              (refusal) => Effect.succeed(refusal)
            )
      items.push(yield* done)
    }
    const known = new Set(items.map(({ path }) => path?.toLowerCase()))
    return { items, withoutFile: [...(state?.keys() ?? [])].filter((path) => !known.has(path.toLowerCase())) }
  })
