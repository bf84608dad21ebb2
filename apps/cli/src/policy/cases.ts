/** Cases of `mcpgw policy test`: read from YAML or JSON, and judged. */
import type { Access } from "@mcpgw/domain/Decision"
import { fieldProblems } from "@mcpgw/domain/FieldProblems"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { parse } from "yaml"
import { type Failure, usage } from "../Failure.ts"
import { readText } from "./file.ts"
import type { JudgeApi } from "./Judge.ts"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const Names = Schema.Array(Schema.String)

export const Case = Schema.Struct({
  name: optional(Schema.String),
  groups: optional(Names),
  scopes: optional(Names),
  server: Schema.NonEmptyString,
  /** `tools/call` with a tool, `tools/list` without one, when absent. */
  method: optional(Schema.NonEmptyString),
  tool: optional(Schema.NonEmptyString),
  expect: Schema.Literal("allow", "deny"),
  /** The rule that must have decided, as `policy explain` prints it. */
  rule: optional(Schema.String)
}).pipe(
  Schema.filter(({ groups, method, scopes, tool }) => {
    if (groups === undefined && scopes === undefined) return "say who asks: groups or scopes, which may be []"
    return method === "tools/call" && tool === undefined ? "tools/call is judged by its tool: say which" : true
  })
)
export type Case = typeof Case.Type

const Cases = Schema.NonEmptyArray(Case)

export const readCases = (file: string) =>
  Effect.gen(function* () {
    const text = yield* readText("CASES", file)
    const value: unknown = yield* Effect.try({
      try: () => parse(text, { maxAliasCount: 100 }),
      catch: (error) => usage(`${file} is no YAML: ${error instanceof Error ? error.message : String(error)}`)
    })
    return yield* Effect.mapError(
      Schema.decodeUnknown(Cases, { errors: "all", onExcessProperty: "error" })(value),
      (error) =>
        usage(
          `${file} holds no list of cases:\n  ${fieldProblems(error)
            .map(({ expected, path }) => `${path.map(String).join(".") || "it"}: ${expected}`)
            .join("\n  ")}`
        )
    )
  })

export interface Judged {
  readonly name: string
  readonly expected: string
  readonly decided: "allow" | "deny"
  readonly rule: string
  readonly passed: boolean
}

/** What is asked for when no method is said. */
export const accessOf = ({
  method,
  server,
  tool
}: Pick<Access, "server" | "tool"> & { readonly method: string | undefined }): Access => ({
  server,
  method: method ?? (tool === undefined ? "tools/list" : "tools/call"),
  tool
})

export const judge = (explain: JudgeApi["explain"], one: Case): Effect.Effect<Judged, Failure> => {
  const { expect, groups = [], method, rule, scopes = [], server, tool } = one
  const access = accessOf({ server, method, tool })
  return Effect.map(explain({ groups, scopes }, access), (decision) => {
    const decided = decision.allowed ? "allow" : "deny"
    return {
      name: one.name ?? [[...groups, ...scopes].join(","), access.server, access.tool ?? access.method].join(" "),
      expected: rule === undefined ? expect : `${expect} by ${rule}`,
      decided,
      rule: decision.rule,
      passed: decided === expect && (rule === undefined || rule === decision.rule)
    }
  })
}
