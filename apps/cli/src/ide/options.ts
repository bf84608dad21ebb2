/** What `mcpgw ide` may be told besides what every command may: the server, the client, and how the entry looks. */
import * as Options from "@effect/cli/Options"
import { IDE_NAMES } from "@mcpgw/ide/Client"
import * as Option from "effect/Option"

const server = Options.text("server").pipe(
  Options.withPseudoName("PATH"),
  Options.withDescription("The server's path on the gateway, such as /currenttime, or a whole URL.")
)

const client = Options.choice("client", IDE_NAMES).pipe(Options.withDescription("The program to connect."))

const write = Options.boolean("write").pipe(
  Options.withDescription("Write the entry into the client's configuration; it is only shown otherwise.")
)

const remove = Options.boolean("remove").pipe(
  Options.withDescription("Take the entry out of the client's configuration.")
)

const scope = Options.choice("scope", ["user", "project"]).pipe(
  Options.withDefault("user"),
  Options.withDescription("user: for all your projects; project: for the folder you are in. user otherwise.")
)

const file = Options.text("file").pipe(
  Options.optional,
  Options.withDescription("Another file than the client's usual one.")
)

const name = Options.text("name").pipe(
  Options.filterMap(
    (text) => Option.liftPredicate(text, (word) => /^[A-Za-z0-9_-]{1,64}$/.test(word)),
    "--name may hold 1 to 64 letters, digits, '_' and '-'"
  ),
  Options.optional,
  Options.withDescription("The entry's name; the server's path with '-' for its slashes otherwise.")
)

const replace = Options.boolean("replace").pipe(
  Options.withDescription("Replace an entry of that name that leads somewhere else.")
)

const headerForm = Options.boolean("header-form").pipe(
  Options.withDescription("Send credentials in headers instead of signing in with OAuth; placeholders stand for them.")
)

const backendAuth = Options.choice("backend-auth", ["bearer", "api_key", "none"]).pipe(
  Options.optional,
  Options.withDescription(
    "With --header-form: what the server itself asks for; else what the registry says, or bearer."
  )
)

const backendHeader = Options.text("backend-header").pipe(
  Options.filterMap(
    (text) => Option.liftPredicate(text, (word) => /^[A-Za-z0-9-]{1,64}$/.test(word)),
    "--backend-header may hold the name of a header, such as X-API-Key"
  ),
  Options.optional,
  Options.withDescription("With --header-form: the header of the server's own api_key; X-API-Key otherwise.")
)

const embed = Options.boolean("embed-token").pipe(
  Options.withDescription("With --header-form: write the token that was given instead of a placeholder.")
)

export const own = {
  server,
  client,
  write,
  remove,
  scope,
  file,
  name,
  replace,
  headerForm,
  backendAuth,
  backendHeader,
  embed
}
