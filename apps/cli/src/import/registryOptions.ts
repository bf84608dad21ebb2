/** What `mcpgw import registry` may be told, and what of it does not go together. */
import * as Options from "@effect/cli/Options"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { usage } from "../Failure.ts"
import { wholeNumber } from "../wholeNumber.ts"

const OFFICIAL = "https://registry.modelcontextprotocol.io"

const flag = (name: string, words: string) => Options.boolean(name).pipe(Options.withDescription(words))

export const options = {
  from: Options.text("from").pipe(
    Options.withFallbackConfig(Config.string("MCPGW_IMPORT_FROM")),
    Options.withDefault(OFFICIAL),
    Options.withPseudoName("URL"),
    Options.withDescription(`The registry; else MCPGW_IMPORT_FROM, or ${OFFICIAL}.`)
  ),
  fromTokenFile: Options.text("from-token-file").pipe(
    Options.optional,
    Options.withPseudoName("FILE"),
    Options.withDescription(
      "A file with the token or API key that the registry wants; $NAME_AUTH_TOKEN in it stands for a variable of the gateway's. It is kept sealed and goes to that registry alone."
    )
  ),
  fromHeader: Options.text("from-header").pipe(
    Options.optional,
    Options.withPseudoName("NAME"),
    Options.withDescription(
      "The header that token is sent in, such as X-API-Key; else Authorization, as a Bearer token."
    )
  ),
  select: flag("select", "Choose among its servers in the terminal."),
  search: Options.text("search").pipe(
    Options.optional,
    Options.withPseudoName("WORD"),
    Options.withDescription("With --select: only those with this in their name.")
  ),
  list: Options.file("list", { exists: "yes" }).pipe(
    Options.optional,
    Options.withDescription("Only the servers this file names, one on a line.")
  ),
  dryRun: flag("dry-run", "Say what would be done, and change nothing."),
  enable: flag("enable", "Switch new servers on at once; they are off otherwise."),
  mirror: flag("mirror", "Follow the registry's changes from now on."),
  every: Options.text("every").pipe(
    Options.mapEffect(wholeNumber("--every", 60, 31_536_000, "60 seconds or more")),
    Options.optional,
    Options.withPseudoName("SECONDS"),
    Options.withDescription("With --mirror: how often, at least 60; else every hour.")
  ),
  resume: flag(
    "resume",
    "Go on with the last import from there that did not come to its end, or run a mirror that failed; with --from-token-file by another token."
  ),
  variable: Options.text("variable").pipe(
    Options.repeated,
    Options.withPseudoName("NAME"),
    Options.withDescription("A variable of headers that keeps its name, such as SMITHERY_API_KEY; may be given again.")
  )
}

interface Words {
  readonly from: string
  readonly fromTokenFile: Option.Option<string>
  readonly select: boolean
  readonly search: Option.Option<string>
  readonly list: Option.Option<string>
  readonly dryRun: boolean
  readonly enable: boolean
  readonly variable: ReadonlyArray<string>
  readonly mirror: boolean
  readonly every: Option.Option<number>
  readonly resume: boolean
}

/** Options that say two things at once, or that another one makes pointless. */
export const conflicts = (words: Words) =>
  Effect.gen(function* () {
    const { dryRun, enable, every, from, fromTokenFile, list, mirror, resume, search, select, variable } = words
    if (Option.isSome(fromTokenFile) && from === OFFICIAL)
      return yield* usage("--from-token-file: the public registry wants no token", "--from URL names the one it is for")
    if (select && Option.isSome(list)) return yield* usage("--select and --list choose servers both")
    if (Option.isSome(search) && !select) return yield* usage("--search narrows what is chosen from: add --select")
    if (Option.isSome(every) && !mirror) return yield* usage("--every says how often to mirror: add --mirror")
    if (mirror && dryRun) return yield* usage("--mirror goes on and changes things; --dry-run changes nothing")
    if (resume && (select || Option.isSome(list) || dryRun || enable || mirror || variable.length > 0))
      return yield* usage(
        "--resume goes on with what was asked before; it takes no --select, --list, --dry-run, --enable, --mirror, --variable"
      )
  })
