/**
 * `mcpgw import registry`: servers of a registry that speaks the official protocol. The gateway asks it, this command chooses and watches; what
 * is begun goes on there when this command ends.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Prompt from "@effect/cli/Prompt"
import * as FileSystem from "@effect/platform/FileSystem"
import type { RegistryImport, RegistryImportFields, RegistryImportItem } from "@mcpgw/api/RegistryImports"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { globals } from "./connect/options.ts"
import { Session } from "./connect/Session.ts"
import { failed, toldByFlags, usage } from "./Failure.ts"
import { fileProblem } from "./fileProblem.ts"
import { about } from "./help.ts"
import { conflicts, options } from "./import/registryOptions.ts"
import { sourceCredential } from "./import/sourceToken.ts"
import { plain, show, table } from "./show/table.ts"
import { Stdin } from "./Stdin.ts"

/** Names of a list file; what follows a # is a remark. */
export const namesIn = (text: string): ReadonlyArray<string> => [
  ...new Set(
    text
      .split(/\r?\n/)
      .map((line) => line.replace(/#.*$/, "").trim())
      .filter((line) => line !== "")
  )
]

const readList = (file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const text = yield* Effect.mapError(fs.readFileString(file), (error) =>
      usage(`${JSON.stringify(file)} can not be read: ${fileProblem(error)}`)
    )
    const names = namesIn(text)
    return names.length === 0 ? yield* usage(`${JSON.stringify(file)} names no server`) : names
  })

const counts = (one: RegistryImport): string => {
  const parts = (["created", "updated", "unchanged", "removed", "skipped", "refused"] as const).flatMap((key) =>
    one[key] === 0 ? [] : [`${one[key]} ${key}`]
  )
  return `${one.seen} seen${parts.length === 0 ? "" : `: ${parts.join(", ")}`}`
}

/** How often the gateway is asked how far it is. */
const PAUSE = "500 millis"

/** How far a run is, and what became of its entries so far; `watches`: waits for its end, saying on standard error how far it is. */
const follow = (id: string, watches: boolean) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const items: Array<RegistryImportItem> = []
    let said = ""
    for (;;) {
      const report = yield* api.registryImports.get({ path: { id }, urlParams: { after: items.length } })
      items.push(...report.items)
      const now = counts(report)
      if (watches && now !== said && report.seen > 0) yield* Console.error(now)
      said = now
      const isOver = !watches || report.state !== "running"
      if (isOver && report.items.length === 0) return { report, items }
      if (report.items.length === 0) yield* Effect.sleep(PAUSE)
    }
  })

const begin = (payload: RegistryImportFields) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const { id } = yield* toldByFlags({ variables: "--variable" })(api.registryImports.start({ payload }))
    return yield* follow(id, true)
  })

type Run = Effect.Effect.Success<ReturnType<typeof follow>>

/** What only tried goes on trying. */
const incomplete = ({ dry_run, from, problem, state }: RegistryImport) =>
  state === "interrupted"
    ? failed(
        `The import did not come to its end: ${problem ?? ""}`,
        `mcpgw import registry --from ${from} ${dry_run ? "--dry-run" : "--resume"}`
      )
    : failed(problem ?? "The import did not come to its end")

/** What can be had of the registry, found out by a dry run. */
const choose = (
  args: { readonly from: string; readonly search: Option.Option<string> },
  credential: Effect.Effect.Success<ReturnType<typeof sourceCredential>>
) =>
  Effect.gen(function* () {
    if (!(yield* Stdin).isTerminal)
      return yield* usage("--select needs a terminal", "--list FILE names servers in a file")
    const { items, report } = yield* begin({ from: args.from, dry_run: true, ...credential })
    if (report.problem !== null) return yield* incomplete(report)
    const word = Option.getOrElse(args.search, () => "").toLowerCase()
    const choices = items.flatMap(({ name, outcome, version }) =>
      name !== null && (outcome === "created" || outcome === "updated") && name.toLowerCase().includes(word)
        ? [{ title: plain(`${name} ${version ?? ""}`), value: name }]
        : []
    )
    if (choices.length === 0) return yield* failed("There is nothing to choose from")
    const names = yield* Prompt.multiSelect({
      message: "Which servers? Space chooses, enter ends",
      choices,
      maxPerPage: 15
    }).pipe(Effect.catchTag("QuitException", () => failed("Nothing was chosen")))
    return names.length === 0 ? yield* failed("Nothing was chosen") : names
  })

/** Of a whole registry, what is as it was is not worth a line; whoever names servers wants to know of each. */
const print = (json: boolean, dryRun: boolean, named: boolean, { items, report }: Run) =>
  show(json, { ...report, items, next: items.length }, () =>
    table(
      ["NAME", "VERSION", "SERVER", dryRun ? "WOULD BE" : "OUTCOME", "WHY"],
      items
        .filter(({ outcome }) => named || outcome !== "unchanged")
        .map(({ field, name, outcome, path, reason, version }) => [
          name,
          version,
          path,
          outcome,
          field === undefined ? reason : `${field}: ${reason ?? ""}`
        ])
    )
  )

const run = Command.make("registry", { ...options, ...globals }, (args) =>
  Effect.gen(function* () {
    yield* conflicts(args)
    const credential = yield* sourceCredential(args)
    const names = args.select
      ? Option.some(yield* choose(args, credential))
      : yield* Effect.transposeOption(Option.map(args.list, readList))
    const asked: RegistryImportFields = {
      from: args.from,
      ...(args.resume ? { resume: true } : {}),
      ...(args.dryRun ? { dry_run: true } : {}),
      ...(args.enable ? { enable: true } : {}),
      ...(args.mirror ? { mirror: true } : {}),
      ...(Option.isSome(args.every) ? { interval_seconds: args.every.value } : {}),
      ...(Option.isSome(names) ? { names: names.value } : {}),
      ...(args.variable.length > 0 ? { variables: args.variable } : {}),
      ...credential
    }
    const done = yield* begin(asked)
    yield* print(args.json, args.dryRun, Option.isSome(names), done)
    const { report } = done
    if (report.problem !== null) return yield* incomplete(report)
    if (report.state === "waiting") yield* Console.error(`The mirror goes on; \`mcpgw import jobs\` shows it`)
    // A registry holds what no gateway takes, such as packages: of a whole one some may be refused, but not all.
    const taken = report.created + report.updated + report.unchanged + report.removed
    if (report.refused > 0 && (Option.isSome(names) || taken === 0)) {
      return yield* failed(`${report.refused} of ${report.seen} servers were refused`)
    }
  })
).pipe(
  Command.withDescription(
    about(
      "Take over servers of a registry that speaks the official protocol.",
      "import registry --from https://registry.example.com --dry-run",
      "import registry --list names.txt --enable",
      "import registry --from https://mcp.example.com --from-token-file token.txt --mirror"
    )
  ),
  Command.provide((args) => Session.layer(args))
)

/** What kind of import it is. */
const kindOf = ({ dry_run, interval_seconds }: RegistryImport): string =>
  dry_run ? "dry run" : interval_seconds === null ? "import" : `mirror, every ${interval_seconds} s`

const jobs = Command.make("jobs", globals, ({ json }) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const answer = yield* api.registryImports.list({})
    yield* show(json, answer, () =>
      table(
        ["ID", "FROM", "KIND", "STATE", "COUNTS", "NEXT", "PROBLEM"],
        answer.imports.map((one) => [one.id, one.from, kindOf(one), one.state, counts(one), one.next_at, one.problem])
      )
    )
  })
).pipe(
  Command.withDescription(about("List imports and mirrors.", "import jobs")),
  Command.provide((args) => Session.layer(args))
)

const id = Args.text({ name: "ID" }).pipe(Args.withDescription("As `mcpgw import jobs` shows it."))

const shown = Command.make("show", { id, ...globals }, ({ id, json }) =>
  Effect.gen(function* () {
    const done = yield* follow(id, false)
    const { created_by: by, dry_run, from, problem, resumed_by: resumed, seen, state } = done.report
    yield* print(json, dry_run, true, done)
    yield* Console.error(plain(`${from}: ${kindOf(done.report)}, ${state}, ${counts(done.report)}`))
    yield* Console.error(plain(`Begun by ${by}${resumed === null ? "" : `, last resumed by ${resumed}`}`))
    if (problem !== null) yield* Console.error(plain(problem))
    if (seen > done.items.length) {
      yield* Console.error(
        `What became of ${seen - done.items.length} more is not kept: it is of the last imports, and of 20,000 entries each`
      )
    }
  })
).pipe(
  Command.withDescription(
    about("Show what became of the entries of an import, or of a mirror's last run.", "import show ID")
  ),
  Command.provide((args) => Session.layer(args))
)

const cancel = Command.make("cancel", { id, ...globals }, ({ id, json }) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const one = yield* api.registryImports.cancel({ path: { id } })
    yield* show(json, one, () => `${one.from}: ${one.state}, ${counts(one)}`)
  })
).pipe(
  Command.withDescription(about("End an import, or a mirror for good.", "import cancel ID")),
  Command.provide((args) => Session.layer(args))
)

/** `registry`, `jobs`, `show` and `cancel`, for the group `import`. */
export const registryCommands = [run, jobs, shown, cancel] as const
