/** `mcpgw policy explain | test`: what a gateway decides by the policy in force there, or what a scopes file would. Changes neither. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { globals } from "../connect/options.ts"
import { failed, usage } from "../Failure.ts"
import { about } from "../help.ts"
import { list as texts } from "../servers/options.ts"
import { asJson, pairs, show, table } from "../show/table.ts"
import { accessOf, judge, readCases } from "./cases.ts"
import { Judge } from "./Judge.ts"

const scopesFile = Options.text("scopes").pipe(
  Options.withAlias("f"),
  Options.withPseudoName("FILE"),
  Options.optional,
  Options.withDescription(
    "Judge by this file, and ask no gateway. Without it the gateway you are signed in to is asked; else it is data/scopes.yml."
  )
)

const gateway = Options.boolean("gateway").pipe(Options.withDescription("Ask the gateway, and nobody else."))

const judgedBy = (source: string) => Console.error(`judged by ${source}`)

const judges = { scopesFile, gateway, ...globals }

const groups = texts("group", "GROUP", "A group of the caller's; may be given more than once, or with commas.")
const scopes = texts("scope", "SCOPE", "A scope the caller holds directly; may be given more than once.")
const server = Options.text("server").pipe(Options.withAlias("s"), Options.withDescription("The server's path."))
const method = Options.text("method").pipe(
  Options.optional,
  Options.withAlias("m"),
  Options.withDescription("The MCP method; else tools/call with --tool, and tools/list without.")
)
const tool = Options.text("tool").pipe(
  Options.optional,
  Options.withAlias("t"),
  Options.withDescription("The tool that is called.")
)

const explain = Command.make("explain", { groups, scopes, server, method, tool, ...judges }, (args) =>
  Effect.gen(function* () {
    const { explain, source } = yield* Judge
    if (args.groups.length + args.scopes.length === 0) return yield* usage("Who asks? Give --group or --scope")
    const access = accessOf({
      server: args.server,
      method: Option.getOrUndefined(args.method),
      tool: Option.getOrUndefined(args.tool)
    })
    if (access.method === "tools/call" && access.tool === undefined)
      return yield* usage("Which tool? tools/call is judged by the tool: give --tool")
    const answer = yield* explain({ groups: args.groups, scopes: args.scopes }, access)
    yield* show(args.json, { access, ...answer }, () =>
      [
        pairs([
          ["decision", answer.allowed ? "allow" : "deny"],
          ["rule", answer.rule],
          ["why", answer.reason],
          ["scopes", answer.scopes]
        ]),
        ...(answer.considered.length === 0
          ? []
          : [
              table(
                ["RULE", "GRANTS", "WHY"],
                answer.considered.map((one) => [one.rule, one.granted, one.why])
              )
            ])
      ].join("\n\n")
    )
    yield* judgedBy(source)
    if (!answer.allowed) return yield* failed("It is denied")
  })
).pipe(
  Command.withDescription(
    about(
      "Say whether somebody may do something, by which rule, and why; ends with 1 when not.",
      "policy explain --group analysts --server clock --tool current_time_by_timezone",
      "policy explain --group analysts --server clock --scopes data/scopes.yml"
    )
  ),
  Command.provide((args) => Judge.layer(args))
)

const cases = Args.text({ name: "CASES" }).pipe(
  Args.withDescription(
    "A YAML or JSON list of cases: groups, scopes, server, method, tool, expect (allow or deny), rule."
  )
)

const test = Command.make("test", { cases, ...judges }, (args) =>
  Effect.gen(function* () {
    const { explain, source } = yield* Judge
    const results = yield* Effect.forEach(yield* readCases(args.cases), (one) => judge(explain, one))
    const bad = results.filter(({ passed }) => !passed)
    if (args.json) yield* Console.log(asJson(results))
    else
      yield* Console.log(
        `${table(
          ["CASE", "EXPECTED", "DECIDED", "RULE", ""],
          results.map((one) => [one.name, one.expected, one.decided, one.rule, one.passed ? "ok" : "FAILED"])
        )}\n\n${results.length - bad.length} passed, ${bad.length} failed`
      )
    yield* judgedBy(source)
    if (bad.length > 0) return yield* failed(`${bad.length} of ${results.length} cases were decided otherwise`)
  })
).pipe(
  Command.withDescription(
    about(
      "Run a file of cases against a policy; ends with 1 when one is decided otherwise.",
      "policy test cases.yml",
      "policy test cases.yml --scopes data/scopes.yml"
    )
  ),
  Command.provide((args) => Judge.layer(args))
)

export const policy = Command.make("policy").pipe(
  Command.withDescription("What the gateway's policy decides, or a scopes file would."),
  Command.withSubcommands([explain, test])
)
