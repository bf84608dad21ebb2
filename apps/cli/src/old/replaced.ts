/**
 * Every documented command of the replaced system and what it is called here (contracts §1.9, §2.14, §2.16). The table is the translation:
 * `pattern.ts` reads `was`, `translate.ts` follows it to `now`. A row without `now` says instead what to do, and never pretends to have done it.
 *
 * `was`: `word`, `one|other`, `<value>`, `[optional]`, `-f|--flag`, `--flag <value>`, `--flag fixed`, and at its end `…` for whatever else; flags
 * in any order.
 * `now`: `{value}` as it was given; `[value: words]` when it was; `{path file}` the path that a server's file names; `{gateway url}` the gateway
 * and server of an MCP address; `{published path}` what the official protocol calls the server at a path.
 */

import { registryManagement } from "./registryManagement.ts"
import { NO_A2A } from "./registryManagementAbsent.ts"

export interface Replaced {
  readonly script: string
  readonly was: string
  readonly now?: string
  readonly instead?: string
  /** What of it is not done; told whenever it is run. */
  readonly note?: string
  /** Variables of the environment that a value is read from when it was not given, by its name. */
  readonly from?: Readonly<Record<string, string>>
  /** As a test runs it. */
  readonly example: string
}

const NO_SCANNER =
  "there is no scanner yet, and nothing is said to be safe that was not scanned; the other words of this script work"
const NO_MODEL =
  "mcpgw runs no language model; give the gateway's address to an agent of yours, or use `mcpgw list` and `mcpgw call`"
const NO_PASSWORD =
  "what stands in a command line, every process of the machine can read; pipe it in: mcpgw users create NAME --group GROUP --password-stdin"

const serviceMgmt: ReadonlyArray<Omit<Replaced, "script">> = [
  { was: "add <config>", now: "servers add {config} --overwrite", example: "add server.json" },
  { was: "add <config> <analyzers>", instead: NO_SCANNER, example: "add server.json yara" },
  { was: "monitor", now: "health", example: "monitor" },
  { was: "monitor <config>", now: "health {path config}", example: "monitor server.json" },
  { was: "test <config>", now: "ping --server {path config}", example: "test server.json" },
  {
    was: "scan <url> [analyzers] [api-key] [headers]",
    instead: NO_SCANNER,
    example: "scan http://127.0.0.1:9/mcp yara"
  },
  {
    was: "create-group <name> [description]",
    now: "groups create {name} [description: {description}]",
    example: "create-group finance Money"
  },
  {
    was: "add-to-groups <server> <groups>",
    now: "groups add-server {server} {groups}",
    example: "add-to-groups old finance"
  },
  {
    was: "remove-from-groups <server> <groups>",
    now: "groups remove-server {server} {groups}",
    example: "remove-from-groups old finance"
  },
  { was: "list-groups", now: "groups list", example: "list-groups" },
  { was: "delete-group <name>", now: "groups remove {name}", example: "delete-group finance" },
  { was: "delete <path> [name]", now: "servers remove {path}", example: "delete /old Old" }
]

const userMgmt: ReadonlyArray<Omit<Replaced, "script">> = [
  {
    was: "create-m2m -n|--name <name> -g|--groups <groups> [-d|--description <description>]",
    now: "agents create {name} --group {groups} [description: --description {description}] --secret",
    example: "create-m2m -n old-bot -g mcp-registry-user -d 'A bot'"
  },
  {
    was: "create-human -u|--username <username> -e|--email <email> -f|--firstname <first> -l|--lastname <last> -g|--groups <groups>",
    now: "users create {username} --email {email} --first-name {first} --last-name {last} --group {groups}",
    note: "a password is made and shown",
    example: "create-human -u ada -e ada@example.org -f Ada -l Lovelace -g mcp-registry-user"
  },
  {
    was: "create-human -u|--username <username> -e|--email <email> -f|--firstname <first> -l|--lastname <last> -g|--groups <groups> -p|--password <password>",
    instead: NO_PASSWORD,
    example: "create-human -u ada -e ada@example.org -f Ada -l Lovelace -g mcp-registry-user -p secret"
  },
  { was: "list-users", now: "users list", example: "list-users" },
  { was: "list-groups", now: "groups list", example: "list-groups" },
  { was: "delete-user -u|--username <username>", now: "users remove {username}", example: "delete-user -u ada" }
]

const mcpServices: ReadonlyArray<Omit<Replaced, "script">> = [
  { was: "list-servers", now: "servers list", example: "list-servers" },
  {
    was: "health-check [--server-name <server>]",
    now: "health [server: {server}]",
    example: "health-check --server-name currenttime"
  },
  {
    was: "create-group --group-name <group> [--scope-suffix <suffix>]",
    now: "groups create {group} [suffix: --scope-suffix {suffix}]",
    example: "create-group --group-name mcp-servers-finance --scope-suffix read"
  },
  {
    was: "assign-server-to-group --server-name <server> --group-name <group>",
    now: "groups add-server {server} {group}",
    example: "assign-server-to-group --server-name currenttime --group-name mcp-servers-finance"
  },
  {
    was: "create-user --username <username> --groups <groups>",
    now: "users create {username} --group {groups}",
    example: "create-user --username john.doe --groups mcp-registry-user"
  },
  { was: "list-groups", now: "groups list", example: "list-groups" }
]

const WHERE = "[--url <url>] [--token-file <file>]"
const HERE = "[url: {gateway url}] [file: --token-file {file}]"

const mcpClient: ReadonlyArray<Omit<Replaced, "script">> = [
  ...["ping", "list", "init"].flatMap((word) => [
    {
      was: `${WHERE} ${word}`,
      now: `${word} ${HERE}`,
      example: `--url URL/currenttime/mcp --token-file token.json ${word}`
    },
    { was: `${WHERE} --operation ${word}`, now: `${word} ${HERE}`, example: `--operation ${word}` }
  ]),
  {
    was: `${WHERE} call --tool|--tool-name <tool> [--args|--arguments <args>]`,
    now: `call {tool} [args: --args {args}] ${HERE}`,
    example: `call --tool current_time_by_timezone --args '{"tz_name":"America/New_York"}'`
  },
  {
    was: `${WHERE} --operation call --tool|--tool-name <tool> [--args|--arguments <args>]`,
    now: `call {tool} [args: --args {args}] ${HERE}`,
    example: `--operation call --tool-name current_time_by_timezone --arguments '{"tz_name":"Asia/Tokyo"}'`
  }
]

/** It calls the gateway's MCP address that. */
const fromGatewayUrl = { url: "GATEWAY_URL" }

const mcpCmdsRows: ReadonlyArray<Omit<Replaced, "script">> = [
  { was: "[--url <url>] basic|ping|connectivity", now: "ping [url: {gateway url}]", example: "basic" },
  { was: "[--url <url>] list|tools", now: "list [url: {gateway url}]", example: "--url URL/mcp list" },
  {
    was: "[--url <url>] call <tool> <json>",
    now: "call {tool} --args {json} [url: {gateway url}]",
    example: `call current_time_by_timezone '{"tz_name":"America/New_York"}'`
  },
  {
    was: "[--url <url>] call <server> <tool> <json>",
    now: "call {tool} --args {json} [url: {gateway url}] --server {server}",
    example: `call currenttime current_time_by_timezone '{"tz_name":"America/New_York"}'`
  }
]

const mcpCmds = mcpCmdsRows.map((row) => ({ ...row, from: fromGatewayUrl }))

const TUI = "[-u|--url <url>] [--token-file <file>] [-t|--token <token>] [--interactive] [--no-interactive]"
const TUI_HERE = `${HERE} [token: --token {token}]`

const registryTui: ReadonlyArray<Omit<Replaced, "script">> = [
  ...["ping", "list", "init"].map((word) => ({
    was: `${TUI} --command ${word}`,
    now: `${word} ${TUI_HERE}`,
    example: `--command ${word} --no-interactive --json`
  })),
  { was: `${TUI} --command servers`, now: `servers list ${TUI_HERE}`, example: "--command servers" },
  {
    was: `${TUI} --command call --tool <tool> [--args <args>]`,
    now: `call {tool} [args: --args {args}] ${TUI_HERE}`,
    example: `--command call --tool current_time_by_timezone --args '{"tz_name":"Europe/Berlin"}'`
  },
  {
    was: TUI,
    instead: "there is no screen of its own; every word of it is a command, see mcpgw --help",
    example: "--interactive"
  }
]

const CREDS = "[-f|--force] [-v|--verbose]"
const CREDS_HERE = "[force: --force] [verbose: --verbose]"

const generateCreds: ReadonlyArray<Omit<Replaced, "script">> = [
  {
    was: `[--all] [--ingress-only] [--egress-only] [--agentcore-only] [--keycloak-only] [--both] [--provider <provider>] ${CREDS}`,
    now: `creds [all: --all] [ingress-only: --ingress-only] [egress-only: --egress-only] [agentcore-only: --agentcore-only] [keycloak-only: --keycloak-only] [both: --both] [provider: --provider {provider}] ${CREDS_HERE}`,
    example: "--ingress-only --verbose"
  }
]

const REFRESH =
  "[--interval <interval>] [--buffer <buffer>] [--once] [--force] [--agent-id <agent>] [--debug] [--no-kill]"

const refresher: ReadonlyArray<Omit<Replaced, "script">> = [
  {
    was: REFRESH,
    now: "creds refresh [interval: --interval {interval}] [buffer: --buffer {buffer}] [once: --once] [force: --force] [agent: --agent-id {agent}]",
    example: "--once --force"
  }
]

const importing: ReadonlyArray<Omit<Replaced, "script">> = [
  {
    was: "[--dry-run] [--select] [--import-list <list>]",
    now: "import registry [dry-run: --dry-run] [select: --select] [list: --list {list}]",
    example: "--dry-run --import-list names.txt"
  },
  {
    was: "[--dry-run] [--import-list <list>] --analyzers <analyzers>",
    instead: NO_SCANNER,
    example: "--analyzers yara"
  }
]

const PROTOCOL = "--token-file <file> [--base-url <url>] [--limit <limit>] [--debug]"
const PROTOCOL_HERE = "--token-file {file} [url: --url {url}]"

const officialApi: ReadonlyArray<Omit<Replaced, "script">> = [
  {
    was: `${PROTOCOL} --test list-servers`,
    now: `published list [limit: --limit {limit}] ${PROTOCOL_HERE}`,
    example: "--token-file token.json --test list-servers --limit 10"
  },
  {
    was: `${PROTOCOL} --test get-versions --server-name <name>`,
    now: `published versions {name} ${PROTOCOL_HERE}`,
    example: "--token-file token.json --test get-versions --server-name io.mcpgateway/currenttime"
  },
  {
    was: `${PROTOCOL} --test get-server --server-name <name>`,
    now: `published get {name} ${PROTOCOL_HERE}`,
    example: "--token-file token.json --test get-server --server-name io.mcpgateway/currenttime"
  },
  {
    was: `${PROTOCOL} [--test all]`,
    now: `published list [limit: --limit {limit}] ${PROTOCOL_HERE}`,
    example: "--token-file token.json --base-url URL"
  }
]

const of = (script: string, rows: ReadonlyArray<Omit<Replaced, "script">>): ReadonlyArray<Replaced> =>
  rows.map((row) => ({ script, ...row }))

export const REPLACED: ReadonlyArray<Replaced> = [
  ...of("cli/service_mgmt.sh", serviceMgmt),
  ...of("cli/user_mgmt.sh", userMgmt),
  ...of("cli/mcp_services.py", mcpServices),
  ...of("cli/mcp_client.py", mcpClient),
  ...of("tests/mcp_cmds.sh", mcpCmds),
  ...of("registry", registryTui),
  ...of("cli/import_from_anthropic_registry.sh", importing),
  ...of("cli/import_anthropic_servers.py", importing),
  ...of("cli/test_anthropic_api.py", officialApi),
  ...of("credentials-provider/generate_creds.sh", generateCreds),
  ...of("credentials-provider/oauth/ingress_oauth.py", [
    { was: CREDS, now: `creds --ingress-only ${CREDS_HERE}`, example: "--force" }
  ]),
  ...of("credentials-provider/oauth/egress_oauth.py", [
    {
      was: `[--provider <provider>] [--mcp-server-name <server>] [--config-set <n>] ${CREDS}`,
      now: `creds --egress-only [provider: --provider {provider}] [server: --mcp-server-name {server}] [n: --config-set {n}] ${CREDS_HERE}`,
      example: "--provider atlassian --config-set 2"
    }
  ]),
  ...of("credentials-provider/token_refresher.py", refresher),
  ...of("credentials-provider/start_token_refresher.sh", [{ was: "", now: "creds refresh --background", example: "" }]),
  ...of("credentials-provider/keycloak/generate_tokens.py", [
    {
      was: "--agent-name <agent> [--oauth-dir <folder>] [--verbose]",
      now: "creds refresh --agent-id {agent} --force --once [folder: --folder {folder}]",
      example: "--agent-name sre-agent"
    },
    {
      was: "[--all-agents] [--oauth-dir <folder>] [--verbose]",
      now: "creds --keycloak-only [folder: --folder {folder}] [verbose: --verbose]",
      example: "--all-agents"
    },
    {
      was: "[--agent-name <agent>] [--client-id <id>] [--client-secret <secret>] [--keycloak-url <url>] [--realm <realm>] [--oauth-dir <folder>] [--verbose]",
      instead:
        "these come from agent-NAME-m2m.json in the folder; `mcpgw keycloak add-agent --save` writes it. A secret in a command line every process of the machine can read",
      example: "--agent-name sre-agent --client-id a --client-secret b"
    }
  ]),
  ...of("keycloak/setup/init-keycloak.sh", [{ was: "", now: "keycloak init", example: "" }]),
  ...of("keycloak/setup/get-all-client-credentials.sh", [{ was: "", now: "keycloak credentials", example: "" }]),
  ...of("keycloak/setup/setup-agent-service-account.sh", [
    {
      was: "--agent-id <agent> --group <group>",
      now: "keycloak add-agent --agent {agent} --group {group}",
      example: "--agent-id sre-agent --group mcp-servers-unrestricted"
    }
  ]),
  ...of("keycloak/setup/setup-m2m-service-account.sh", [{ was: "", now: "keycloak init", example: "" }]),
  ...of("cli/mcp_security_scanner.py", [
    {
      was: "[--server-url <url>] [--analyzers <analyzers>] [--api-key <key>] [--debug] [--auto-disable] [--headers <headers>]",
      instead: NO_SCANNER,
      example: "--server-url http://127.0.0.1:9/mcp"
    }
  ]),
  ...of("cli/scan_all_servers.py", [
    {
      was: "[--base-url <url>] [--analyzers <analyzers>] [--api-key <key>] [--debug]",
      instead: NO_SCANNER,
      example: "--analyzers yara"
    }
  ]),
  ...of("api/registry_management.py", registryManagement),
  ...of("cli/agent_mgmt.py", [
    { was: "register|list|get|update|delete|toggle|test|search [name]", instead: NO_A2A, example: "list" }
  ]),
  ...of("agents/agent.py", [
    {
      was: "--prompt|--user-query <text> [--mcp-registry-url <url>] [--provider <provider>] [--model <model>] [--agent-name <name>] [--jwt-token <jwt>] [--access-token <access>] [--use-session-cookie] [--session-cookie-file <cookie>] [--interactive]",
      instead: NO_MODEL,
      example: "--user-query 'What time is it in Tokyo?'"
    }
  ]),
  ...of("build_and_run.sh", [
    {
      was: "[--prebuilt]",
      instead: "`npm start` starts all there is, and `docker compose up` does in containers",
      example: "--prebuilt"
    }
  ])
]
