/** What every command that asks a gateway may be told: where it is, with which credential, and how to print. */
import * as Options from "@effect/cli/Options"
import * as Config from "effect/Config"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

export const DEFAULT_URL = "http://127.0.0.1:7860"

/** An http(s) URL without user, query or fragment, and without a slash at its end. */
export const httpUrl = (text: string): Option.Option<string> => {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return Option.none()
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === ""
  return plain ? Option.some(url.href.replace(/\/+$/, "")) : Option.none()
}

const url = Options.text("url").pipe(
  Options.withFallbackConfig(Config.orElse(Config.string("MCPGW_URL"), () => Config.string("GATEWAY_URL"))),
  Options.optional,
  Options.filterMap(
    (given) =>
      Option.match(given, {
        onNone: () => Option.some(Option.none<string>()),
        onSome: (text) => Option.map(httpUrl(text), Option.some)
      }),
    "--url (MCPGW_URL) may hold an http:// or https:// URL without user, query or fragment"
  ),
  Options.withPseudoName("URL"),
  Options.withDescription(`The gateway; else MCPGW_URL, the one you signed in to last, or ${DEFAULT_URL}.`)
)

const token = Options.redacted("token").pipe(
  Options.withFallbackConfig(Config.redacted("MCPGW_TOKEN")),
  Options.optional,
  Options.withPseudoName("TOKEN"),
  Options.withDescription(
    "A token or an API key; else MCPGW_TOKEN. Other processes of this machine can read a command line: prefer --token-file."
  )
)

const tokenFile = Options.text("token-file").pipe(
  Options.withFallbackConfig(Config.string("MCPGW_TOKEN_FILE")),
  Options.optional,
  Options.withPseudoName("FILE"),
  Options.withDescription("A file with a token: its text, or JSON with tokens.access_token or access_token.")
)

const json = Options.boolean("json").pipe(Options.withDescription("Print JSON instead of a table."))

const verbose = Options.boolean("verbose").pipe(
  Options.withAlias("v"),
  Options.withDescription("Say on standard error what is asked of the gateway, and what it answers.")
)

/** For the configuration of a command. */
export const globals = { url, token, tokenFile, json, verbose }

export interface Globals {
  readonly url: Option.Option<string>
  readonly token: Option.Option<Redacted.Redacted>
  readonly tokenFile: Option.Option<string>
  readonly json: boolean
  readonly verbose: boolean
}
