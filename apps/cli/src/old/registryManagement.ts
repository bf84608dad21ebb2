/** Rows of the replaced system's later client, `registry_management.py` (contracts §1.9): what of its hundred and fifty words is here. */
import type { Replaced } from "./replaced.ts"

const WHERE = "[--registry-url <url>] [--token-file <file>] [--debug]"
const HERE = "[url: --url {url}] [file: --token-file {file}] [debug: --verbose]"

const row = (was: string, now: string, example: string): Omit<Replaced, "script"> => ({
  was: `${WHERE} ${was}`,
  now: `${now} ${HERE}`,
  example
})

const none = (was: string, instead: string, example: string): Omit<Replaced, "script"> => ({
  was: `${WHERE} ${was}`,
  instead,
  example
})

export const registryManagement: ReadonlyArray<Omit<Replaced, "script">> = [
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
  row("list", "servers list", "list --json"),
  row("healthcheck", "health", "healthcheck"),
  row("config", "whoami", "config --json"),
  row("server-get --path <path>", "servers get {path}", "server-get --path /old"),
  row("toggle --path <path>", "servers toggle {path}", "toggle --path /old"),
  row(
    "server-rate --path <path> --rating <stars>",
    "servers rate {path} {stars}",
    "server-rate --path /old --rating 4"
  ),
  row(
    "create-group --name <name> [--description <description>] [--keycloak]",
    "groups create {name} [description: {description}]",
    "create-group --name engineering --description Engineers"
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
    "delete-group --name <name> [--force]",
    "groups remove {name} [force: --force]",
    "delete-group --name engineering --force"
  ),
  row("user-list", "users list", "user-list"),
  row(
    "user-delete --username <username> [--force]",
    "users remove {username}",
    "user-delete --username nobody --force"
  ),
  row("remove --path <path> [--force]", "servers remove {path}", "remove --path /old --force"),
  none(
    "security-scan|rescan --path <path>",
    "there is no scanner yet, and nothing is said to be safe that was not scanned",
    "rescan --path /old"
  )
]
