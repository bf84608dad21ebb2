/**
 * Command lines the replaced system's documents show, as they show them, where they stand, and how each must end here. Data alone;
 * `documented.test.ts` runs them in this order. `summary`, `guide` and `faq` are its documents with the line; `contracts` is what its code says.
 */

/** Exit code, and what is printed with it. */
export type End = readonly [code: number, says: RegExp]

export interface DocumentedCommand {
  /** Where it stands. */
  readonly at: string
  readonly line: string
  readonly ends: End
}

type Lines = Readonly<Record<string, End>>

const lines = (at: string, of: Lines): ReadonlyArray<DocumentedCommand> =>
  Object.entries(of).map(([line, ends]) => ({ at, line, ends }))

/** A script's words. */
const words = (at: string, script: string, of: Lines): ReadonlyArray<DocumentedCommand> =>
  Object.entries(of).map(([rest, ends]) => ({ at, line: rest === "" ? script : `${script} ${rest}`, ends }))

/** There is no Keycloak here; `keycloak.test.ts` runs these with one. */
const KEYCLOAK: End = [2, /Keycloak|password/i]
/** What to do instead is said, and nothing is done. */
const instead = (says: RegExp): End => [1, new RegExp(`: not here\\n.*(?:${says.source})`)]
const SCANNER = instead(/there is no scanner yet/)
const PASSWORD = instead(/every process of the machine can read/)

const TIME = "current_time_by_timezone"
const CREATED = /io\.mcpgateway\/currenttime/

const scripts: ReadonlyArray<DocumentedCommand> = [
  ...words("contracts §2.14", "cli/service_mgmt.sh", {
    "add <config.json>": [0, /Registered \/cloudflare-docs\./],
    "add <config.json> yara": SCANNER,
    monitor: [1, /\/cloudflare-docs[^]*Not well: \/cloudflare-docs/],
    "monitor <config.json>": [1, /Not well: \/cloudflare-docs/],
    "test <config.json>": [5, /\/cloudflare-docs/],
    "scan http://127.0.0.1:9/mcp yara,llm": SCANNER,
    "create-group finance Money": [0, /finance/],
    "add-to-groups cloudflare-docs finance,mcp-registry-user": [0, /cloudflare-docs, finance,mcp-registry-user/],
    "remove-from-groups cloudflare-docs finance,mcp-registry-user": [0, /cloudflare-docs, finance,mcp-registry-user/],
    "list-groups": [0, /mcp-registry-admin/],
    "delete-group finance": [0, /finance/],
    "delete /cloudflare-docs 'Cloudflare Docs'": [0, /Removed \/cloudflare-docs\./]
  }),
  ...words("contracts §2.14", "cli/user_mgmt.sh", {
    "create-m2m -n old-bot -g mcp-registry-user -d 'A bot'": [0, /agent-old-bot[^]*secret \(shown once\)/],
    "create-human -u ada -e ada@example.org -f Ada -l Lovelace -g mcp-registry-user": [
      0,
      /password \(shown once\)[^]*note: a password is made/
    ],
    "create-human -u ada -e ada@example.org -f Ada -l Lovelace -g mcp-registry-user -p secret": PASSWORD,
    "list-users": [0, /ada +local/],
    "list-groups": [0, /mcp-registry-admin/],
    "delete-user -u ada": [0, /Removed ada/]
  }),
  ...lines("summary 461-483, contracts §2.16", {
    "uv run python cli/mcp_services.py list-servers": [0, /\/atlassian +Atlassian/],
    "uv run python cli/mcp_services.py health-check --server-name atlassian": [0, /\/atlassian +healthy/],
    "uv run python cli/mcp_services.py create-group --group-name mcp-servers-finance --scope-suffix read": [
      0,
      /mcp-servers-finance/
    ],
    "uv run python cli/mcp_services.py assign-server-to-group --server-name fininfo --group-name mcp-servers-finance": [
      0,
      /fininfo, mcp-servers-finance/
    ],
    "uv run python cli/mcp_services.py create-user --username john.doe --groups mcp-servers-finance": [
      0,
      /john\.doe[^]*password \(shown once\)/
    ],
    "uv run python cli/mcp_services.py list-groups": [0, /mcp-servers-finance +1/]
  }),
  ...words("contracts §2.14", "cli/mcp_client.py", {
    "--url http://localhost/currenttime/mcp --token-file token.json ping": [0, /\/currenttime/],
    "--url http://localhost/currenttime/mcp --token-file token.json list": [0, /current_time_by_timezone/],
    "--url http://localhost/currenttime/mcp --token-file token.json init": [0, /currenttime/],
    [`--url http://localhost/currenttime/mcp call --tool ${TIME} --args '{"tz_name":"Asia/Tokyo"}'`]: [0, /Asia\/Tokyo/]
  }),
  ...lines("summary 1047-1049, contracts §2.16", {
    "uv run python cli/mcp_client.py --operation ping": [0, /\/currenttime/],
    "uv run python cli/mcp_client.py --operation list": [0, /get_stock_aggregates/],
    "uv run python cli/mcp_client.py --operation init": [0, /currenttime/],
    [`uv run python cli/mcp_client.py --operation call --tool-name get_stock_aggregates --arguments '{"ticker": "AAPL"}'`]:
      [0, /get_stock_aggregates/]
  }),
  ...lines("summary 1010-1011, 1026-1041, guide 144", {
    "./tests/mcp_cmds.sh basic": [0, /\/currenttime/],
    "./tests/mcp_cmds.sh ping": [0, /\/currenttime/],
    "cd tests && ./mcp_cmds.sh ping": [0, /\/fininfo/],
    "./tests/mcp_cmds.sh connectivity": [0, /\/currenttime/],
    "./tests/mcp_cmds.sh list": [0, /current_time_by_timezone/],
    "./tests/mcp_cmds.sh tools": [0, /current_time_by_timezone/],
    [`./tests/mcp_cmds.sh call ${TIME} '{"tz_name": "Europe/Berlin"}'`]: [0, /Europe\/Berlin/],
    [`./tests/mcp_cmds.sh call currenttime ${TIME} '{"tz_name": "America/New_York"}'`]: [0, /America\/New_York/],
    "GATEWAY_URL=https://your-domain.com/mcp ./tests/mcp_cmds.sh ping": [0, /\/currenttime/],
    "./tests/mcp_cmds.sh --url https://your-domain.com/mcp list": [0, /current_time_by_timezone/],
    "./tests/mcp_cmds.sh help": [0, /basic\|ping\|connectivity/]
  }),
  ...words("contracts §2.14", "registry", {
    "--url http://localhost --command ping --no-interactive --json": [0, /"server": "\/currenttime"/],
    "--command list --no-interactive --json": [0, /current_time_by_timezone/],
    "--command init --no-interactive --json": [0, /"name": "currenttime"/],
    "--command servers": [0, /\/realserverfaketools/],
    [`--command call --tool ${TIME} --args '{"tz_name":"Europe/Berlin"}'`]: [0, /Europe\/Berlin/],
    "--interactive": instead(/every word of it is a command/)
  }),
  ...words("contracts §2.14", "cli/import_from_anthropic_registry.sh", {
    "--dry-run --import-list names.txt": [0, /com\.example\/weather .*(?:created|unchanged)/],
    "--analyzers yara": SCANNER
  }),
  ...words("contracts §2.16", "./cli/import_anthropic_servers.py", {
    "--dry-run --import-list names.txt": [0, /com\.example\/weather .*(?:created|unchanged)/],
    "--analyzers yara": SCANNER
  }),
  // With somebody at the keys, who takes the first.
  ...lines("summary 452, 1180", {
    "./cli/import_anthropic_servers.py --select": [0, /com\.example\/weather .*created/]
  }),
  ...lines("summary 1063-1076", {
    "uv run python cli/test_anthropic_api.py --token-file /path/to/token-file.json": [0, CREATED],
    "uv run python cli/test_anthropic_api.py --token-file /path/to/token-file.json --test list-servers --limit 10": [
      0,
      CREATED
    ],
    "uv run python cli/test_anthropic_api.py --token-file /path/to/token-file.json --test get-server --server-name io.mcpgateway/atlassian":
      [0, /"name": "io\.mcpgateway\/atlassian"/]
  }),
  ...words("contracts §2.14", "cli/test_anthropic_api.py", {
    "--token-file token.json --base-url http://localhost --test all --limit 5 --debug": [0, CREATED],
    "--token-file token.json --test get-versions --server-name io.mcpgateway/currenttime": [0, CREATED]
  })
]

/** A token's file, got now or still good. */
const kept = (...names: ReadonlyArray<string>): End => [
  0,
  new RegExp(names.map((name) => `(?:saved|good) +${name.replaceAll(".", "\\.")}\\n`).join("[^]*"))
]
const GOOGLE = "google-egress.json"
const ATLASSIAN = "atlassian-atlassian-egress.json"
const AGENTCORE = "bedrock-agentcore-sre-gateway-egress.json"
const AGENT = "agent-nightly-m2m-token.json"

/** What follows gets the gateway's own tokens, as an agent of it, into `.oauth-tokens`; its settings are those of `documented.test.ts`. */
const credentials: ReadonlyArray<DocumentedCommand> = [
  ...lines("summary 620-629, 874, 943, 1014, 1083-1089, 1162, 1222, guide 8, 101, 126", {
    "./credentials-provider/generate_creds.sh": kept("ingress.json", GOOGLE, ATLASSIAN, AGENTCORE, AGENT),
    "./credentials-provider/generate_creds.sh --all": kept("ingress.json", GOOGLE, ATLASSIAN, AGENTCORE, AGENT),
    "./credentials-provider/generate_creds.sh --provider google": [
      0,
      /^\n(?:saved|good) +google-egress\.json\n(?!.*atlassian)/
    ],
    "cd credentials-provider && ./generate_creds.sh --verbose": [
      0,
      /parts +ingress, egress, agentcore, keycloak\n(?:saved|good) +ingress\.json/
    ],
    "./generate_creds.sh --ingress-only --verbose": [0, /parts +ingress\n(?:saved|good) +ingress\.json/],
    "./generate_creds.sh --egress-only --verbose": kept(GOOGLE, ATLASSIAN),
    "./generate_creds.sh --agentcore-only --verbose": kept(AGENTCORE),
    "./generate_creds.sh --keycloak-only": kept(AGENT)
  }),
  ...words("contracts §2.14", "credentials-provider/generate_creds.sh", {
    "--both --force": [
      0,
      /^\nsaved +ingress\.json\nsaved +google-egress\.json\nsaved +atlassian-atlassian-egress\.json\n/
    ],
    "-f -v": [0, /saved +ingress\.json[^]*saved +agent-nightly-m2m-token\.json/],
    "--help": [0, /--agentcore-only/]
  }),
  ...words("contracts §2.14", "credentials-provider/oauth/ingress_oauth.py", {
    "--force": [0, /^\nsaved +ingress\.json/]
  }),
  ...words("contracts §2.14", "credentials-provider/oauth/egress_oauth.py", {
    "--provider atlassian --config-set 2": kept(ATLASSIAN),
    "--provider atlassian --mcp-server-name atlassian --force --verbose": [0, /saved +atlassian-atlassian-egress\.json/]
  }),
  ...words("contracts §2.14", "credentials-provider/token_refresher.py", {
    "--interval 300 --buffer 3600 --once --force --debug --no-kill": [
      0,
      /ingress\.json[^]*nightly|nightly[^]*ingress\.json/
    ]
  }),
  ...lines("summary 669, 1194, contracts §2.16", {
    "uv run python credentials-provider/token_refresher.py --agent-id sre-agent --once": [
      0,
      /(?:fresh|refreshed) +agent-sre-agent-m2m-token\.json/
    ]
  }),
  ...words("contracts §2.14", "credentials-provider/keycloak/generate_tokens.py", {
    "--agent-name sre-agent": [0, /refreshed +agent-sre-agent-m2m-token\.json/],
    "--all-agents --verbose": kept(AGENT),
    "--agent-name sre-agent --client-id a --client-secret b --keycloak-url http://localhost:8080 --realm mcp-gateway":
      instead(/agent-NAME-m2m\.json/)
  }),
  ...lines("summary 515-519, 643-644", {
    "cd keycloak/setup && ./init-keycloak.sh": KEYCLOAK,
    "./get-all-client-credentials.sh": KEYCLOAK
  }),
  ...lines("summary 657-660", {
    "./setup-agent-service-account.sh --agent-id sre-agent --group mcp-servers-unrestricted": KEYCLOAK,
    "./setup-m2m-service-account.sh": KEYCLOAK
  }),
  ...words("contracts §2.14", "cli/mcp_security_scanner.py", {
    "--server-url http://127.0.0.1:9/mcp --analyzers yara --auto-disable": SCANNER
  }),
  ...words("contracts §2.14", "cli/scan_all_servers.py", { "--base-url http://localhost --analyzers yara": SCANNER }),
  ...words("contracts §1.9", "cli/agent_mgmt.py", { list: instead(/programs that call are: mcpgw agents/) }),
  ...lines("summary 1055, contracts §2.14, §2.16", {
    'uv run python agents/agent.py --user-query "What time is it in Tokyo?"': instead(/runs no language model/),
    'agents/agent.py --prompt "What time is it in Tokyo?"': instead(/runs no language model/)
  }),
  ...lines("faq 25", {
    'agents/agent.py --use-session-cookie --prompt "What time is it?"': instead(/runs no language model/)
  }),
  ...lines("summary 881, 905, 957, 978", {
    "./build_and_run.sh": instead(/`npm start` starts all there is/),
    "./build_and_run.sh --prebuilt": instead(/`docker compose up` does in containers/)
  })
]

/** They go on for ever, in a process of their own: what becomes of the words is enough. `credsGateway.test.ts` runs what that is. */
export const inBackground: ReadonlyArray<{ readonly at: string; readonly line: string; readonly becomes: string }> = [
  {
    at: "summary 1141, guide 91, 121",
    line: "./start_token_refresher.sh",
    becomes: "creds refresh --background"
  },
  {
    at: "contracts §2.14",
    line: "credentials-provider/start_token_refresher.sh",
    becomes: "creds refresh --background"
  },
  {
    at: "summary 666",
    line: "uv run python credentials-provider/token_refresher.py",
    becomes: "creds refresh"
  },
  {
    at: "summary 669, 1194",
    line: "uv run python credentials-provider/token_refresher.py --agent-id sre-agent",
    becomes: "creds refresh --agent-id sre-agent"
  }
]

export const commands: ReadonlyArray<DocumentedCommand> = [...scripts, ...credentials]
