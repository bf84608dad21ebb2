/**
 * `mcpgw import files DIR`: the replaced system's server files, their state and its scopes (contracts §2.9), sent to the gateway. Reads that
 * folder and nothing beside it; what each file became is the gateway's report.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Path from "@effect/platform/Path"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { globals } from "../connect/options.ts"
import { Session } from "../connect/Session.ts"
import { failed, usage } from "../Failure.ts"
import { about } from "../help.ts"
import { registryCommands } from "../importRegistry.ts"
import { plain, show, table } from "../show/table.ts"

const STATE = "server_state.json"
/** Derived from the servers (contracts §2.9); nothing to take. */
const IGNORED = new Set(["service_index_metadata.json"])

const more = { key: Schema.String, value: Schema.Unknown }

const Item = Schema.Struct(
  {
    file: Schema.String,
    path: Schema.NullOr(Schema.String),
    result: Schema.Literal("created", "updated", "unchanged", "refused"),
    changed: Schema.Array(Schema.String),
    errors: Schema.Array(
      Schema.Struct({
        field: Schema.String,
        expected: Schema.String,
        held: Schema.optionalWith(Schema.String, { exact: true })
      })
    ),
    notes: Schema.Array(Schema.String)
  },
  more
)

const Names = Schema.Array(Schema.String)
const Changes = Schema.Struct({ added: Names, changed: Names, removed: Names })

/** What of the report is shown; `--json` shows all of it. */
const Report = Schema.Struct(
  {
    items: Schema.Array(Item),
    scopes: Schema.NullOr(
      Schema.Struct(
        {
          valid: Schema.Boolean,
          problem: Schema.NullOr(Schema.String),
          applied: Schema.Boolean,
          changes: Schema.NullOr(Schema.Struct({ groups: Changes, permissions: Changes, scopes: Changes }))
        },
        more
      )
    ),
    notes: Schema.Array(Schema.String)
  },
  more
)

const why = ({ changed, errors, notes, result }: typeof Item.Type): ReadonlyArray<string> => [
  ...errors.map(({ expected, field, held }) => `${field}${held === undefined ? "" : ` held ${held}`}: ${expected}`),
  ...(result === "updated" ? changed : []),
  ...notes
]

/** What the scopes did to the policy, or would do. */
const changed = (scopes: typeof Report.Type.scopes, dryRun: boolean): string => {
  if (scopes?.changes === undefined || scopes.changes === null) return ""
  const rows = (["groups", "permissions", "scopes"] as const).flatMap((part) =>
    (["added", "changed", "removed"] as const).flatMap((how) =>
      (scopes.changes?.[part][how] ?? []).map((name) => [part, name, how])
    )
  )
  if (rows.length === 0) return "\n\nThe policy says all of that already."
  return `\n\n${table(["OF THE POLICY", "NAME", dryRun ? "WOULD BE" : "OUTCOME"], rows)}`
}

/** Never sent: the gateway is asked about the others. */
const noJson = (file: string): typeof Item.Type => ({
  file,
  path: null,
  result: "refused",
  changed: [],
  errors: [{ field: "file", expected: "it must hold JSON" }],
  notes: []
})

const Json = Schema.parseJson(Schema.Unknown)

const folder = Args.directory({ name: "DIR", exists: "yes" }).pipe(
  Args.withDescription(
    "The replaced system's folder of server JSON files, with server_state.json and perhaps scopes.yml."
  )
)
const dryRun = Options.boolean("dry-run").pipe(Options.withDescription("Say what would be done, and change nothing."))

const applyScopes = Options.choice("apply-scopes", ["merge", "replace"]).pipe(
  Options.optional,
  Options.withDescription(
    "Put the scopes in force. merge: beside what is there, in the place of entries of the same name; replace: nothing else holds then. Otherwise they are checked."
  )
)
const scopesFile = Options.file("scopes", { exists: "yes" }).pipe(
  Options.optional,
  Options.withDescription("The scopes.yml, when it is not in DIR; the replaced system kept it in auth_server.")
)

/** Every file of the folder that counts, by name. */
const read = (folder: string, scopesFile: Option.Option<string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const names = (yield* fs.readDirectory(folder, { recursive: true })).toSorted()
    const parsed = (name: string) =>
      Effect.flatMap(fs.readFileString(path.join(folder, name)), (text) =>
        Effect.mapError(Schema.decode(Json)(text), () => usage(`${JSON.stringify(name)} holds no JSON`))
      )
    const isState = (name: string): boolean => path.basename(name) === STATE
    const isServer = (name: string): boolean =>
      name.endsWith(".json") && !isState(name) && !IGNORED.has(path.basename(name))
    const servers = yield* Effect.forEach(names.filter(isServer), (name) =>
      // No JSON reads as undefined: such a file is told of like every other that is refused.
      Effect.map(
        Effect.catchTag(parsed(name), "CliFailure", () => Effect.succeed(undefined)),
        (record) => [name, record] as const
      )
    )
    const state = names.find(isState)
    const beside = names.find((name) => /^scopes\.ya?ml$/.test(path.basename(name)))
    const scopes = Option.orElse(scopesFile, () =>
      Option.map(Option.fromNullable(beside), (name) => path.join(folder, name))
    )
    return {
      broken: servers.flatMap(([name, record]) => (record === undefined ? [name] : [])),
      servers: Object.fromEntries(servers.filter(([, record]) => record !== undefined)),
      ...(state === undefined ? {} : { server_state: yield* parsed(state) }),
      ...(Option.isSome(scopes) ? { scopes: yield* fs.readFileString(scopes.value) } : {})
    }
  }).pipe(
    Effect.catchTags({
      SystemError: ({ message }) => usage(`${JSON.stringify(folder)} can not be read: ${message}`),
      BadArgument: ({ message }) => usage(message)
    })
  )

const files = Command.make("files", { folder, dryRun, applyScopes, scopesFile, ...globals }, (args) =>
  Effect.gen(function* () {
    const { broken, ...found } = yield* read(args.folder, args.scopesFile)
    const applies = Option.isSome(args.applyScopes)
    if (applies && found.scopes === undefined)
      return yield* usage(`${JSON.stringify(args.folder)} holds no scopes.yml`, "--scopes FILE names one")
    const [first] = broken
    if (Object.keys(found.servers).length === 0 && !applies && first !== undefined)
      return yield* usage(`${JSON.stringify(first)} holds no JSON`, "nor does another file for a server there")
    if (Object.keys(found.servers).length === 0 && !applies)
      return yield* usage(
        `${JSON.stringify(args.folder)} holds no server files`,
        "it may hold one JSON file for each server"
      )
    const { ask } = yield* Session
    const request = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post("/api/import/servers"), {
      ...found,
      ...(Option.isSome(args.applyScopes) ? { apply_scopes: args.applyScopes.value } : {}),
      dry_run: args.dryRun
    })
    const answer = yield* ask(request, Report)
    const report = { ...answer, items: [...answer.items, ...broken.map(noJson)] }
    yield* show(args.json, report, () =>
      table(
        ["FILE", "SERVER", args.dryRun ? "WOULD BE" : "OUTCOME", "WHY"],
        report.items.map((one) => [one.file, one.path, one.result, why(one)])
      ).concat(changed(report.scopes, args.dryRun))
    )
    const notes = [
      ...report.notes,
      ...(report.scopes?.problem === undefined || report.scopes.problem === null
        ? []
        : [`scopes: ${report.scopes.problem}`])
    ]
    for (const note of notes) yield* Console.error(plain(note))
    const refused = report.items.filter(({ result }) => result === "refused")
    if (refused.length > 0) return yield* failed(`${refused.length} of ${report.items.length} files were refused`)
  })
).pipe(
  Command.withDescription(
    about(
      "Take over the servers of the replaced system from its files, and its scopes.",
      "import files registry/servers --dry-run",
      "import files registry/servers --scopes auth_server/scopes.yml --apply-scopes merge"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

export const importing = Command.make("import").pipe(
  Command.withDescription("Take over servers from elsewhere."),
  Command.withSubcommands([files, ...registryCommands])
)
