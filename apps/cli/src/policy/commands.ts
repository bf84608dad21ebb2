/** `mcpgw policy explain | test`: what a scopes file decides, here and now, with the gateway's own policy engine. Asks no gateway. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { failed, usage } from "../Failure.ts"
import { about } from "../help.ts"
import { list as texts } from "../servers/options.ts"
import { asJson, pairs, show, table } from "../show/table.ts"
import { judge, readCases } from "./cases.ts"
import { readPolicy } from "./file.ts"

const scopesFile = Options.text("scopes").pipe(
  Options.withAlias("f"),
  Options.withPseudoName("FILE"),
  Options.optional,
  Options.withDescription(
    "The policy; else data/scopes.yml, by which a gateway decides that does not keep its policy in the database."
  )
)

const USUAL = "data/scopes.yml"

/** A gateway over PostgreSQL does not read that file: who named none is told by what it was judged. */
const unnamed = Console.error(
  `note: judged by ${USUAL}. A gateway that keeps its policy in the database (postgres://…, or MCPGW_POLICY=store) does not read it: save the text of GET /api/policy and name it by --scopes`
)

const chosen = Option.match({
  onNone: () => Effect.zipRight(unnamed, readPolicy(USUAL)),
  onSome: (file: string) => readPolicy(file)
})

const json = Options.boolean("json").pipe(Options.withDescription("Print JSON instead of a table."))
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

const explain = Command.make("explain", { scopesFile, groups, scopes, server, method, tool, json }, (args) =>
  Effect.gen(function* () {
    const policy = yield* chosen(args.scopesFile)
    if (args.groups.length + args.scopes.length === 0) return yield* usage("Who asks? Give --group or --scope")
    const named = Option.getOrUndefined(args.tool)
    const access = {
      server: args.server,
      method: Option.getOrElse(args.method, () => (named === undefined ? "tools/list" : "tools/call")),
      tool: named
    }
    if (access.method === "tools/call" && named === undefined)
      return yield* usage("Which tool? tools/call is judged by the tool: give --tool")
    const answer = policy.explain({ groups: args.groups, scopes: args.scopes }, access)
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
    if (!answer.allowed) return yield* failed("It is denied")
  })
).pipe(
  Command.withDescription(
    about(
      "Say whether somebody may do something, by which rule, and why; ends with 1 when not.",
      "policy explain --group analysts --server clock --tool current_time_by_timezone"
    )
  )
)

const cases = Args.text({ name: "CASES" }).pipe(
  Args.withDescription(
    "A YAML or JSON list of cases: groups, scopes, server, method, tool, expect (allow or deny), rule."
  )
)

const test = Command.make("test", { cases, scopesFile, json }, (args) =>
  Effect.gen(function* () {
    const policy = yield* chosen(args.scopesFile)
    const results = (yield* readCases(args.cases)).map((one) => judge(policy, one))
    const bad = results.filter(({ passed }) => !passed)
    if (args.json) yield* Console.log(asJson(results))
    else
      yield* Console.log(
        `${table(
          ["CASE", "EXPECTED", "DECIDED", "RULE", ""],
          results.map((one) => [one.name, one.expected, one.decided, one.rule, one.passed ? "ok" : "FAILED"])
        )}\n\n${results.length - bad.length} passed, ${bad.length} failed`
      )
    if (bad.length > 0) return yield* failed(`${bad.length} of ${results.length} cases were decided otherwise`)
  })
).pipe(
  Command.withDescription(
    about(
      "Run a file of cases against a policy; ends with 1 when one is decided otherwise.",
      "policy test cases.yml --scopes data/scopes.yml"
    )
  )
)

export const policy = Command.make("policy").pipe(
  Command.withDescription("What a scopes file decides, without a gateway."),
  Command.withSubcommands([explain, test])
)
