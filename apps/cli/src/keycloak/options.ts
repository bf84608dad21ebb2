/**
 * What the Keycloak commands may be told. Where the replaced system had a variable for it, that is the default (contracts.md §2.14).
 * Passwords are no options: what stands in a command line, every process of the machine can read.
 */
import * as Options from "@effect/cli/Options"
import { AGENT_NAME, DEFAULT_REALM, GROUPS } from "@mcpgw/identity/keycloak/Blueprint"
import * as Config from "effect/Config"
import * as Option from "effect/Option"

const httpUrl = (text: string): Option.Option<string> => {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return Option.none()
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === ""
  return plain ? Option.some(url.href.replace(/\/+$/, "")) : Option.none()
}

const origin = (text: string): Option.Option<string> =>
  Option.filter(httpUrl(text), (url) => new URL(url).pathname === "/")

/** Keycloak puts the realm's name into URLs. */
const realmName = (text: string): Option.Option<string> =>
  Option.liftPredicate(text, (name) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name))

export const url = Options.text("url").pipe(
  Options.withFallbackConfig(Config.orElse(Config.string("KEYCLOAK_ADMIN_URL"), () => Config.string("KEYCLOAK_URL"))),
  Options.withDefault("http://localhost:8080"),
  Options.filterMap(
    httpUrl,
    "--url (KEYCLOAK_URL) may hold an http:// or https:// URL without user, query or fragment"
  ),
  Options.withDescription("Where Keycloak is; else KEYCLOAK_ADMIN_URL, KEYCLOAK_URL, or http://localhost:8080.")
)

export const realm = Options.text("realm").pipe(
  Options.withFallbackConfig(Config.string("KEYCLOAK_REALM")),
  Options.withDefault(DEFAULT_REALM),
  Options.filterMap(realmName, "--realm (KEYCLOAK_REALM) may hold letters, digits, '.', '_' and '-'"),
  Options.withDescription(`The realm that is set up; else KEYCLOAK_REALM, or ${DEFAULT_REALM}.`)
)

export const adminUser = Options.text("admin-user").pipe(
  Options.withFallbackConfig(Config.string("KEYCLOAK_ADMIN")),
  Options.withDefault("admin"),
  Options.withDescription(
    "The administrator who signs in; else KEYCLOAK_ADMIN, or admin. The password is KEYCLOAK_ADMIN_PASSWORD or asked for."
  )
)

export const adminRealm = Options.text("admin-realm").pipe(
  Options.withDefault("master"),
  Options.filterMap(realmName, "--admin-realm may hold letters, digits, '.', '_' and '-'"),
  Options.withDescription("The administrator's own realm; else master.")
)

export const passwordStdin = Options.boolean("password-stdin").pipe(
  Options.withDescription("Read the administrator's password from standard input.")
)

export const dryRun = Options.boolean("dry-run").pipe(
  Options.withDescription("Say what would be done, and change nothing.")
)

export const publicUrl = Options.text("public-url").pipe(
  Options.withFallbackConfig(Config.string("MCPGW_PUBLIC_URL")),
  Options.withDefault("http://127.0.0.1:7860"),
  Options.filterMap(origin, "--public-url (MCPGW_PUBLIC_URL) may hold an http:// or https:// origin without a path"),
  Options.withDescription(
    "The gateway's origin, where Keycloak sends people back to; else MCPGW_PUBLIC_URL, or http://127.0.0.1:7860."
  )
)

export const testUsers = Options.boolean("test-users").pipe(
  Options.withDescription(
    "Make the people admin and testuser too, with INITIAL_ADMIN_PASSWORD, INITIAL_USER_PASSWORD or passwords that are shown once."
  )
)

export const m2mGroups = Options.text("m2m-group").pipe(
  Options.repeated,
  Options.withDefault<ReadonlyArray<string>>([]),
  Options.withDescription("A group of the gateway's own machine account; it has none otherwise.")
)

export const agent = Options.text("agent").pipe(
  Options.filterMap(
    (name) => Option.liftPredicate(name, (text) => AGENT_NAME.test(text)),
    "--agent may hold 1 to 63 lower-case letters, digits and '-', neither first nor last a '-'"
  ),
  Options.withDescription("The agent's name; its client is agent-NAME-m2m.")
)

export const groups = Options.text("group").pipe(
  Options.atLeast(1),
  Options.withDescription(
    `A group the agent is in, such as ${GROUPS.slice(-2).join(" or ")}; may be given more than once.`
  )
)

export const save = Options.text("save").pipe(
  Options.withPseudoName("DIR"),
  Options.optional,
  Options.withDescription(
    "Save the client credentials as files in this folder, readable by you alone, instead of printing them."
  )
)
