/** `mcpgw replaced`: prints what every documented command of the replaced system is called here. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { badField, type Failure } from "../Failure.ts"
import { about } from "../help.ts"
import { show } from "../show/table.ts"
import { REPLACED, type Replaced } from "./replaced.ts"

const script = Options.text("script").pipe(
  Options.optional,
  Options.withPseudoName("NAME"),
  Options.withDescription("Only this script's, such as service_mgmt.sh.")
)
const json = Options.boolean("json").pipe(Options.withDescription("Print JSON instead of text."))

const lines = (rows: ReadonlyArray<Replaced>): string =>
  rows
    .map(({ instead, note, now, script, was }, i) => {
      const head = rows[i - 1]?.script === script ? "" : `${i === 0 ? "" : "\n"}${script}\n`
      return `${head}  ${was === "" ? "(alone)" : was}\n      ${now === undefined ? `none: ${instead ?? ""}` : `mcpgw ${now}`}${note === undefined ? "" : ` (${note})`}`
    })
    .join("\n")

export const replaced = Command.make("replaced", { script, json }, (args) =>
  Effect.suspend((): Effect.Effect<void, Failure> => {
    const wanted = Option.getOrElse(args.script, () => "")
    const rows = REPLACED.filter((row) => row.script.includes(wanted))
    if (rows.length > 0) return show(args.json, rows, () => lines(rows))
    const scripts = [...new Set(REPLACED.map(({ script }) => script))]
    return badField("--script", wanted, `a part of one of ${scripts.join(", ")}`)
  })
).pipe(
  Command.withDescription(
    about(
      "Print what each documented command of the replaced system is called here. The old spelling works, too: mcpgw service_mgmt add FILE.",
      "replaced --script service_mgmt.sh"
    )
  )
)
