/** `mcpgw search`: servers and tools by words, of those one may use, the best first. Asks the gateway once; ranks nothing itself. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import type { SearchAnswer } from "@mcpgw/api/Search"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { globals } from "./connect/options.ts"
import { Session } from "./connect/Session.ts"
import { about } from "./help.ts"
import { show, table } from "./show/table.ts"
import { wholeNumber } from "./wholeNumber.ts"

const words = Args.text({ name: "WORDS" }).pipe(
  Args.atLeast(1),
  Args.withDescription("What is looked for, in words; a name need not be right.")
)
const limit = Options.text("limit").pipe(
  Options.mapEffect(wholeNumber("--limit", 1, 50, "a whole number from 1 to 50")),
  Options.withDefault(10),
  Options.withPseudoName("NUMBER"),
  Options.withDescription("Servers, and tools, at most: 1 to 50; else 10.")
)
const tags = Options.text("tag").pipe(
  Options.repeated,
  Options.withPseudoName("TAG"),
  Options.withDescription("Of servers alone that have this tag; more of them: all.")
)
const kind = Options.choice("kind", ["servers", "tools"]).pipe(
  Options.optional,
  Options.withDescription("One kind alone; else both.")
)

const ENTITY = { servers: "mcp_server", tools: "tool" } as const

const tableOf = ({ servers, tools }: SearchAnswer): string =>
  servers.length + tools.length === 0
    ? "Nothing that you may use is like that."
    : table(
        ["KIND", "NAME", "SERVER", "SCORE", "WHAT IT IS"],
        [
          ...servers.map((one) => [
            "server",
            one.server_name,
            one.path,
            one.relevance_score.toFixed(2),
            one.description
          ]),
          ...tools.map((one) => [
            "tool",
            one.tool_name,
            one.server_path,
            one.relevance_score.toFixed(2),
            one.description
          ])
        ]
      )

export const search = Command.make("search", { words, limit, tags, kind, ...globals }, (args) =>
  Effect.gen(function* () {
    const { api } = yield* Session
    const answer = yield* api.search.semantic({
      payload: {
        query: args.words.join(" "),
        max_results: args.limit,
        ...(args.tags.length === 0 ? {} : { tags: args.tags }),
        ...(Option.isSome(args.kind) ? { entity_types: [ENTITY[args.kind.value]] } : {})
      }
    })
    yield* show(args.json, answer, () => tableOf(answer))
  })
).pipe(
  Command.withDescription(
    about(
      "Find servers and tools by words, of those you may use.",
      "search current time",
      "search weather --kind tools --limit 5 --json"
    )
  ),
  Command.provide((args) => Session.layer(args))
)
