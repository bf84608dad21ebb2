/**
 * Rows of the replaced system's later client, `registry_management.py` (contracts §1.9): those of its words that are here, and where one option
 * makes the difference, what to do instead. Words of things that are not here stand in `registryManagementAbsent.ts`.
 */
import { absent } from "./registryManagementAbsent.ts"
import type { Replaced } from "./replaced.ts"

type Row = Omit<Replaced, "script">

/** Options of every word. The two after the file say where its own script asks for a token; here that is a sign-in, or the file. */
const WHERE =
  "[--registry-url <url>] [--token-file <file>] [--aws-region <region>] [--keycloak-url <keycloak>] [--debug]"
const HERE = "[url: --url {url}] [file: --token-file {file}] [debug: --verbose]"

const row = (was: string, now: string, example: string, note?: string): Row => ({
  was: `${WHERE} ${was}`,
  now: `${now} ${HERE}`,
  example,
  ...(note === undefined ? {} : { note })
})

const none = (was: string, instead: string, example: string): Row => ({ was: `${WHERE} ${was}`, instead, example })

const ALL_SHOWN = "all of them are printed, whole with --json; options that narrow or page are left aside"
const IN_FILE =
  "write the members that change into a JSON file: mcpgw servers update PATH FILE; PUT and PATCH /api/servers/PATH take them as they are, and honour If-Match"

const servers: ReadonlyArray<Row> = [
  row(
    "register --config <config>",
    "servers add {config}",
    "--registry-url URL --token-file token.json register --config server.json"
  ),
  row(
    "register --config <config> --overwrite",
    "servers add {config} --overwrite",
    "--debug register --config server.json --overwrite"
  ),
  row("list [--query <query>]", "servers list [query: --query {query}]", "list --query gone --json"),
  row(
    "list [--query <query>] [--limit <limit>] [--offset <offset>] [--metadata-fields <fields>]",
    "servers list [query: --query {query}]",
    "list --limit 20 --offset 0",
    ALL_SHOWN
  ),
  row("healthcheck|health", "health", "healthcheck"),
  row("config", "whoami", "config --json"),
  row("server-get --path <path>", "servers get {path}", "server-get --path /old"),
  row(
    "server-search --query <query> [--max-results <limit>]",
    "search {query} [limit: --limit {limit}]",
    "server-search --query 'current time' --max-results 10"
  ),
  row("toggle --path <path>", "servers toggle {path}", "toggle --path /old"),
  row(
    "server-rate --path <path> --rating <stars>",
    "servers rate {path} {stars}",
    "server-rate --path /old --rating 4"
  ),
  row(
    "server-rating --path <path>",
    "servers get {path} --json",
    "server-rating --path /old",
    "num_stars is what the ratings average to; GET /api/servers/PATH/rating tells your own beside it"
  ),
  row(
    "update-server --path <path> [--server-name <name>] [--description <description>] [--proxy-pass-url <target>] [--tags <tags>] [--license <license>]",
    "servers update {path} [name: --name {name}] [description: --description {description}] [target: --proxy-pass-url {target}] [tags: --tag {tags}] [license: --license {license}]",
    "update-server --path /old --description 'Gone for good' --tags old,gone"
  ),
  none("update-server --path <path> …", IN_FILE, `update-server --path /old --body '{"license":"MIT"}'`),
  none("patch-server --path <path> …", IN_FILE, `patch-server --path /old --patch '{"license":"MIT"}'`),
  row("list-versions --path <path>", "published versions {published path}", "list-versions --path /old"),
  none(
    "server-connect-config --path <path>",
    "mcpgw ide --server PATH --client NAME shows what one program needs, and writes it with --write; GET /api/servers/PATH/connect-config tells that of all",
    "server-connect-config --path /old"
  ),
  row(
    "server-update-credential --path <path> --auth-scheme none",
    "servers credential {path} --scheme none",
    "server-update-credential --path /old --auth-scheme none"
  ),
  none(
    "server-update-credential --path <path> …",
    "what stands in a command line, every process of the machine can read; pipe it in: mcpgw servers credential PATH --scheme bearer --stdin < FILE, and for custom headers mcpgw servers update PATH --header 'NAME: VALUE'",
    "server-update-credential --path /old --auth-scheme bearer --credential secret"
  ),
  row("egress-config-get --path <path>", "servers credential {path}", "egress-config-get --path /old"),
  row(
    "rate-limit-quarantine-add --subject-type server --subject <server>",
    "servers disable {server}",
    "rate-limit-quarantine-add --subject-type server --subject /old"
  ),
  row(
    "rate-limit-quarantine-remove --subject-type server --subject <server>",
    "servers enable {server}",
    "rate-limit-quarantine-remove --subject-type server --subject /old"
  ),
  row("remove --path <path> [--force]", "servers remove {path}", "remove --path /old --force")
]

const groups: ReadonlyArray<Row> = [
  row(
    "create-group|group-create --name <name> [--description <description>]",
    "groups create {name} [description: {description}] --policy-only",
    "create-group --name engineering --description Engineers"
  ),
  row(
    "create-group|group-create --name <name> [--description <description>] --idp|--keycloak",
    "groups create {name} [description: {description}]",
    "group-create --name developers --description 'Developer team group' --idp"
  ),
  row(
    "add-to-groups --server <server> --groups <groups>",
    "groups add-server {server} {groups}",
    "add-to-groups --server old --groups engineering"
  ),
  row(
    "remove-from-groups --server <server> --groups <groups>",
    "groups remove-server {server} {groups}",
    "remove-from-groups --server old --groups engineering"
  ),
  row("list-groups|group-list", "groups list", "list-groups"),
  row(
    "list-groups [--no-keycloak] [--no-scopes]",
    "groups list",
    "list-groups --no-keycloak",
    "what the policy and the provider know is told of each group"
  ),
  row(
    "delete-group --name <name> [--force]",
    "groups remove {name} [force: --force] --policy-only",
    "delete-group --name engineering --force"
  ),
  row(
    "delete-group --name <name> [--force] --idp|--keycloak",
    "groups remove {name} [force: --force]",
    "delete-group --name engineering --idp"
  ),
  // Its --force only leaves out a question; ours would take away what others build on.
  row("group-delete --name <name> [--force]", "groups remove {name}", "group-delete --name developers --force"),
  row("describe-group --name <name>", "groups get {name}", "describe-group --name mcp-registry-admin"),
  none(
    "import-group --file <file>",
    "mcpgw groups create NAME, then mcpgw groups add-server SERVER NAME; a whole scopes.yml comes with mcpgw import files FOLDER",
    "import-group --file server.json"
  )
]

const HUMAN =
  "user-create-human --username <username> --email <email> --first-name <first> --last-name <last> --groups <groups>"

const people: ReadonlyArray<Row> = [
  row("user-list", "users list", "user-list"),
  row("user-list [--search <text>] [--limit <limit>]", "users list", "user-list --search admin", ALL_SHOWN),
  row(
    "user-create-m2m --name <name> --groups <groups> [--description <description>]",
    "agents create {name} --group {groups} [description: --description {description}] --secret",
    "user-create-m2m --name my-service --groups mcp-registry-user"
  ),
  row(
    HUMAN,
    "users create {username} --email {email} --first-name {first} --last-name {last} --group {groups}",
    "user-create-human --username jane.doe --email jane@example.com --first-name Jane --last-name Doe --groups mcp-registry-user",
    "a password is made and shown"
  ),
  none(
    `${HUMAN} --password <password>`,
    "what stands in a command line, every process of the machine can read; pipe it in: mcpgw users create NAME --group GROUP --password-stdin",
    "user-create-human --username x --email x@example.com --first-name X --last-name Y --groups g --password secret"
  ),
  row(
    "rate-limit-quarantine-add --subject-type user --subject <user>",
    "users disable {user}",
    "rate-limit-quarantine-add --subject-type user --subject jane.doe"
  ),
  row(
    "rate-limit-quarantine-remove --subject-type user --subject <user>",
    "users enable {user}",
    "rate-limit-quarantine-remove --subject-type user --subject jane.doe"
  ),
  row(
    "user-group-list [--skip <skip>] [--limit <limit>] [--provider <provider>] [--q <text>]",
    "users list",
    "user-group-list --limit 50",
    ALL_SHOWN
  ),
  row("user-delete --username <username> [--force]", "users remove {username}", "user-delete --username nobody --force")
]

const registries: ReadonlyArray<Row> = [
  row(
    "anthropic-list [--limit <limit>] [--raw]",
    "published list [limit: --limit {limit}] [raw: --json]",
    "anthropic-list --raw"
  ),
  row(
    "anthropic-versions --server-name <name> [--raw]",
    "published versions {name} [raw: --json]",
    "anthropic-versions --server-name io.mcpgateway/currenttime"
  ),
  row(
    "anthropic-get --server-name <name> [--version <version>] [--raw]",
    "published get {name} [version: {version}] [raw: --json]",
    "anthropic-get --server-name io.mcpgateway/currenttime --version latest"
  ),
  row("federation-list", "import jobs", "federation-list"),
  row("peer-list [--enabled-only]", "import jobs", "peer-list --enabled-only")
]

/** Where the gateway is, as its documents set it. */
const from = { url: "REGISTRY_URL" }

export const registryManagement: ReadonlyArray<Row> = [
  ...[...registries, ...groups, ...people, ...servers].map((one) => ({ ...one, from })),
  ...absent.map(({ example, instead, words }) => none(`${words} …`, instead, example))
]
