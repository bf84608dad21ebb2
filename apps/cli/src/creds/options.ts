/** What `mcpgw creds` may be told; names and defaults are the replaced system's (contracts.md §2.14). Secrets are settings, never options. */
import * as Options from "@effect/cli/Options"
import * as Config from "effect/Config"
import * as Option from "effect/Option"
import { isWord } from "./names.ts"
import { wholeNumber } from "../wholeNumber.ts"

const flag = (name: string, description: string) => Options.boolean(name).pipe(Options.withDescription(description))

export const folder = Options.text("folder").pipe(
  Options.withFallbackConfig(Config.string("MCPGW_OAUTH_TOKENS_DIR")),
  Options.withDefault(".oauth-tokens"),
  Options.withDescription("Where the tokens are kept; else MCPGW_OAUTH_TOKENS_DIR, or .oauth-tokens here.")
)

export const servers = Options.text("servers").pipe(
  Options.optional,
  Options.withDescription(
    "A folder with server JSON files, or the word registry to ask it: those that need no token are put into the IDE files, too."
  )
)

export const all = flag("all", "Everything that is set up; so without any of these, too.")
export const both = flag("both", "Ingress and egress.")
export const ingressOnly = flag("ingress-only", "The gateway's own token alone.")
export const egressOnly = flag("egress-only", "Tokens for servers alone, as EGRESS_…_1 to _100 say.")
export const agentcoreOnly = flag("agentcore-only", "Tokens for Bedrock AgentCore alone, as AGENTCORE_…_1 to _100 say.")
export const keycloakOnly = flag("keycloak-only", "Agents' tokens alone, from agent-NAME-m2m.json in the folder.")
export const verbose = flag("verbose", "Say what is asked where.").pipe(Options.withAlias("v"))
export const force = flag("force", "Also what is still good.").pipe(Options.withAlias("f"))

export const provider = Options.text("provider").pipe(
  Options.optional,
  Options.withDescription("Egress of this provider alone, such as atlassian or google.")
)

export const server = Options.text("mcp-server-name").pipe(
  Options.optional,
  Options.withDescription("Egress for this server alone.")
)

export const set = Options.text("config-set").pipe(
  Options.mapEffect(wholeNumber("--config-set", 1, 100, "a number from 1 to 100")),
  Options.optional,
  Options.withDescription("The numbered set alone.")
)

const seconds = (name: string, variable: string, otherwise: number, least: number, description: string) =>
  Options.text(name).pipe(
    Options.withFallbackConfig(Config.string(variable)),
    Options.withDefault(String(otherwise)),
    Options.mapEffect(wholeNumber(`--${name} (${variable})`, least, 604_800, `seconds from ${least} to 604800`)),
    Options.withPseudoName("SECONDS"),
    Options.withDescription(`${description}; else ${variable}, or ${otherwise}.`)
  )

export const interval = seconds("interval", "TOKEN_REFRESH_INTERVAL", 300, 1, "Seconds between two looks at the folder")
export const buffer = seconds(
  "buffer",
  "TOKEN_EXPIRY_BUFFER",
  3600,
  0,
  "Seconds before a token's end at which it is renewed, but at most a quarter of its life"
)

export const once = flag("once", "Look once, renew what is due, and end.")
export const background = flag(
  "background",
  "Go on in the background; mcpgw creds status and stop tell of it and end it."
)

export const agentId = Options.text("agent-id").pipe(
  Options.withAlias("agent-name"),
  Options.filterMap(
    (text) => Option.liftPredicate(text, isWord),
    "--agent-id may hold 1 to 64 lower-case letters, digits, '_' and '-'"
  ),
  Options.optional,
  Options.withDescription("The token of this agent alone.")
)
