/** What `mcpgw ide` may be told. Tokens are named by their file: what stands in a command line, every process of the machine can read. */
import * as Options from "@effect/cli/Options"
import { IDE_NAMES } from "@mcpgw/ide/Client"
import * as Config from "effect/Config"
import * as Option from "effect/Option"

const httpUrl = (text: string): Option.Option<string> => {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return Option.none()
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === ""
  return plain ? Option.some(url.href.replace(/\/+$/, "")) : Option.none()
}

export const gateway = Options.text("url").pipe(
  Options.withFallbackConfig(Config.string("MCPGW_URL")),
  Options.withDefault("http://127.0.0.1:7860"),
  Options.filterMap(httpUrl, "--url (MCPGW_URL) may hold an http:// or https:// URL without user, query or fragment"),
  Options.withDescription("Where the gateway is; else MCPGW_URL, or http://127.0.0.1:7860.")
)

export const server = Options.text("server").pipe(
  Options.withPseudoName("PATH"),
  Options.withDescription("The server's path on the gateway, such as /currenttime, or a whole URL.")
)

export const client = Options.choice("client", IDE_NAMES).pipe(Options.withDescription("The program to connect."))

export const write = Options.boolean("write").pipe(
  Options.withDescription("Write the entry into the client's configuration; it is only shown otherwise.")
)

export const remove = Options.boolean("remove").pipe(
  Options.withDescription("Take the entry out of the client's configuration.")
)

export const scope = Options.choice("scope", ["user", "project"]).pipe(
  Options.withDefault("user"),
  Options.withDescription("user: for all your projects; project: for the folder you are in. user otherwise.")
)

export const file = Options.text("file").pipe(
  Options.optional,
  Options.withDescription("Another file than the client's usual one.")
)

export const name = Options.text("name").pipe(
  Options.filterMap(
    (text) => Option.liftPredicate(text, (word) => /^[A-Za-z0-9_-]{1,64}$/.test(word)),
    "--name may hold 1 to 64 letters, digits, '_' and '-'"
  ),
  Options.optional,
  Options.withDescription("The entry's name; the server's path with '-' for its slashes otherwise.")
)

export const replace = Options.boolean("replace").pipe(
  Options.withDescription("Replace an entry of that name that leads somewhere else.")
)

export const headerForm = Options.boolean("header-form").pipe(
  Options.withDescription("Send credentials in headers instead of signing in with OAuth; placeholders stand for them.")
)

export const backendAuth = Options.choice("backend-auth", ["bearer", "api_key", "none"]).pipe(
  Options.withDefault("bearer"),
  Options.withDescription("With --header-form: what the server itself asks for. bearer otherwise.")
)

export const backendHeader = Options.text("backend-header").pipe(
  Options.filterMap(
    (text) => Option.liftPredicate(text, (word) => /^[A-Za-z0-9-]{1,64}$/.test(word)),
    "--backend-header may hold the name of a header, such as X-API-Key"
  ),
  Options.optional,
  Options.withDescription("With --backend-auth api_key: the name of its header; X-API-Key otherwise.")
)

export const tokenFile = Options.text("token-file").pipe(
  Options.optional,
  Options.withDescription(
    "A file with your token: asks the registry which URL the server has, and whether you may use it."
  )
)

export const embed = Options.boolean("embed-token").pipe(
  Options.withDescription("With --header-form: write the token of --token-file itself instead of a placeholder.")
)
