/**
 * Every word of the replaced system's later client, `registry_management.py`, with the options its own help shows (contracts §1.9), and how each must
 * end here. Data alone; `documented.test.ts` runs them in this order.
 */
import type { DocumentedCommand, End } from "./commands.ts"

const AT = "contracts §1.9"
const SCRIPT = "uv run python registry_management.py"

const words = (of: Readonly<Record<string, End>>): ReadonlyArray<DocumentedCommand> =>
  Object.entries(of).map(([line, ends]) => ({ at: AT, line: `${SCRIPT} ${line}`, ends }))

/** What to do instead is said, and nothing is done. */
const instead = (says: RegExp): End => [1, new RegExp(`: not here\\n.*(?:${says.source})`)]

const none = (says: RegExp, lines: ReadonlyArray<string>): ReadonlyArray<DocumentedCommand> =>
  words(Object.fromEntries(lines.map((line) => [line, instead(says)])))

const CURRENTTIME = /io\.mcpgateway\/currenttime/
const SECRET = /every process of the machine can read/

const here = words({
  "register --config /path/to/config.json": [0, /Registered \/cloudflare-docs\./],
  "--debug --registry-url http://localhost --aws-region us-east-1 --keycloak-url http://localhost:8080 --token-file token.json register --config server-config.json --overwrite":
    [0, /Updated \/cloudflare-docs\.[^]*< 200/],
  list: [0, /\/cloudflare-docs/],
  "--debug --registry-url http://localhost --token-file .oauth-tokens/ingress.json list": [0, /\/currenttime[^]*< 200/],
  "list --query cloudflare --json": [0, /"path": "\/cloudflare-docs"/],
  "list --limit 20 --offset 0 --metadata-fields owner,config.region": [0, /\/cloudflare-docs[^]*note: all of them/],
  healthcheck: [1, /Not well: \/cloudflare-docs/],
  health: [1, /Not well: \/cloudflare-docs/],
  config: [0, /admin/],
  "config --json": [0, /"username": "admin"/],
  "server-get --path /cloudflare-docs": [0, /Cloudflare Docs/],
  "server-rate --path /cloudflare-docs --rating 5": [0, /5 of 5/],
  "server-rating --path /cloudflare-docs": [0, /"num_stars": 5[^]*note: num_stars/],
  "update-server --path /cloudflare-docs --server-name 'CF Docs' --description 'All of them' --proxy-pass-url http://127.0.0.1:9/ --tags docs,cf --license MIT":
    [0, /Updated \/cloudflare-docs\./],
  "list-versions --path /cloudflare-docs": [0, /io\.mcpgateway\/cloudflare-docs +1\.0\.0 +CF Docs/],
  "server-update-credential --path /cloudflare-docs --auth-scheme none --json": [0, /"auth_scheme": "none"/],
  "egress-config-get --path /cloudflare-docs": [0, /scheme +none/],
  "rate-limit-quarantine-add --subject-type server --subject /cloudflare-docs": [0, /is off/],
  "rate-limit-quarantine-remove --subject-type server --subject /cloudflare-docs": [1, /is on[^]*is not well/],
  "toggle --path /cloudflare-docs": [0, /\/cloudflare-docs is off/],
  "create-group --name group1 --description 'The first'": [0, /group1/],
  "group-create --name developers --description 'Developer team group' --idp": [0, /developers/],
  "add-to-groups --server cloudflare-docs --groups group1,developers": [0, /cloudflare-docs, group1,developers/],
  "remove-from-groups --server cloudflare-docs --groups group1,developers": [0, /cloudflare-docs, group1,developers/],
  "list-groups": [0, /group1/],
  "list-groups --no-keycloak --no-scopes --json": [
    0,
    /"scopes_groups"[^]*"name": "group1",\s+"server_count": 0,\s+"servers": \[\]/
  ],
  "group-list": [0, /developers/],
  "describe-group --name developers": [0, /name +developers[^]*It opens no server\./],
  "describe-group --name mcp-registry-user": [0, /name +mcp-registry-user[^]*current_time_by_timezone/],
  "delete-group --name group1 --force": [0, /group1/],
  "group-delete --name developers --force": [0, /developers/],
  "delete-group --name group1 --idp": [4, /group1/],
  "user-create-m2m --name my-service --groups mcp-registry-user --description 'A service'": [
    0,
    /agent-my-service[^]*secret \(shown once\)/
  ],
  "user-create-human --username jane.doe --email jane@example.com --first-name Jane --last-name Doe --groups mcp-registry-user":
    [0, /password \(shown once\)[^]*note: a password is made/],
  "user-create-human --username x.y --email x@example.com --first-name X --last-name Y --groups mcp-registry-user --password secret":
    instead(SECRET),
  "user-list": [0, /jane\.doe +local/],
  "user-list --search admin --limit 500": [0, /admin +local[^]*note: all of them/],
  'server-search --query "current time" --max-results 10': [
    0,
    /server +[^\n]+\/currenttime[^]*tool +current_time_by_timezone/
  ],
  "rate-limit-quarantine-add --subject-type user --subject jane.doe": [0, /disabled +yes/],
  "rate-limit-quarantine-remove --subject-type user --subject jane.doe": [0, /disabled +no/],
  "user-group-list --skip 0 --limit 50": [0, /jane\.doe +local/],
  "user-delete --username jane.doe --force": [0, /Removed jane\.doe/],
  "anthropic-list": [0, CURRENTTIME],
  "anthropic-list --limit 100 --raw": [0, /"name": "io\.mcpgateway\/currenttime"/],
  "anthropic-versions --server-name io.mcpgateway/currenttime": [0, CURRENTTIME],
  "anthropic-get --server-name io.mcpgateway/currenttime --version latest": [0, CURRENTTIME],
  "federation-list": [0, /./],
  "peer-list --enabled-only": [0, /./],
  "remove --path /cloudflare-docs --force": [0, /Removed \/cloudflare-docs\./]
})

const absent: ReadonlyArray<DocumentedCommand> = [
  ...none(/mcpgw servers update PATH FILE/, [
    `update-server --path /x --body '{"license":"MIT"}' --if-match 'W/"1"'`,
    "update-server --path /x --num-tools 3 --metadata '{}' --visibility group-restricted --allowed-groups a",
    `patch-server --path /x --patch '{"license":"MIT"}' --if-match 'W/"1"'`
  ]),
  ...none(/mcpgw ide --server PATH/, ["server-connect-config --path /x"]),
  ...none(SECRET, [
    "server-update-credential --path /x --auth-scheme bearer --credential secret",
    "server-update-credential --path /x --auth-scheme api_key --credential secret --auth-header-name X-Key --custom-header X-Tenant-Id=42"
  ]),
  ...none(/mcpgw groups create NAME/, ["import-group --file /path/to/config.json"]),
  ...none(/counted against a limit/, [
    "rate-limit-set --axis caller --entity-type group --name developers --user-max-requests 60 --agent-max-requests 60 --window-seconds 60 --fail-closed --disabled",
    "rate-limit-set --axis target --entity-type server_group --name g --max-requests 10 --members /a,/b",
    "rate-limit-list",
    "rate-limit-get --id caller:group:developers:60",
    "rate-limit-delete --id caller:group:developers:60",
    "rate-limit-enable --id caller:group:developers:60",
    "rate-limit-disable --id caller:group:developers:60",
    "rate-limit-status --identity developers --entity-type mcp_server --name /x",
    "rate-limit-member-set --subject-type user --subject alice --groups slow",
    "rate-limit-member-list",
    "rate-limit-member-delete --id user:alice",
    "rate-limit-quarantine-add --subject-type client --subject agent-robot",
    "rate-limit-quarantine-remove --subject-type agent --subject /code-reviewer",
    "rate-limit-quarantine-list"
  ]),
  ...none(/there is no scanner yet/, [
    "security-scan --path /cloudflare-docs --json",
    "rescan --path /cloudflare-docs"
  ]),
  ...none(/mcpgw servers credential PATH --stdin/, [
    "egress-configure --path /github --mode oauth_user --provider github --client-id x --client-secret y --scopes repo,read:org",
    "egress-configure --path /github --mode oauth_user --provider custom --custom-authorize-url https://a.example --custom-token-url https://t.example --custom-token-auth-style none",
    "egress-pat-set --path /github --secret x --ttl-value 30 --ttl-unit days --sub alice --auth-method oauth2",
    "egress-pat-status --path /github",
    "egress-pat-delete --path /github"
  ]),
  ...none(/POST \/api\/search\/semantic/, [
    "ard-search --query x --filter type=mcp_server --filter tags=finance --federation auto --page-size 10 --page-token t",
    "ard-agents --filter type=a2a_agent --order-by updatedAt",
    "ard-ingestion-sync --source-id x",
    "ard-ingestion-status",
    "ard-ingestion-add-source --source-id x --domain example.com --expected-identity y --enable",
    "ard-ingestion-remove-source --source-id x"
  ]),
  ...none(/DELETE \/v0\.1\/servers/, ["remove-version --path /context7 --version v1.0.0"]),
  ...none(/the highest version is the latest/, ["set-default-version --path /context7 --version v1.0.0"]),
  ...none(/mcpgw agents/, [
    "agent-register --config /path/to/agent.json",
    "agent-list --query x --enabled-only --visibility public --limit 20 --offset 0 --allowed-groups a",
    "agent-get --path /code-reviewer",
    "agent-update --path /code-reviewer --config /path/to/agent.json",
    "agent-patch --path /code-reviewer --config /path/to/agent.json --if-match x",
    "agent-batch-submit --file batch.json --idempotency-key x",
    "agent-batch-status --job-id x",
    "agent-delete --path /code-reviewer --force",
    "agent-toggle --path /code-reviewer --enabled true",
    "agent-discover --skills code_analysis,bug_detection --tags x --max-results 10",
    'agent-search --query "agents that analyze code"',
    "agent-rate --path /code-reviewer --rating 5",
    "agent-rating --path /code-reviewer",
    "agent-security-scan --path /code-reviewer",
    "agent-rescan --path /code-reviewer --json",
    "agent-pull-card --path /code-reviewer --apply",
    "agent-ans-link --path /code-reviewer --ans-agent-id ans://v1.example.com",
    "agent-ans-status --path /code-reviewer",
    "agent-ans-unlink --path /code-reviewer"
  ]),
  ...none(/skills are not kept/, [
    "skill-register --name pdf-processing --url https://example.com/SKILL.md --tags pdf --target-agents cursor",
    "skill-list --include-disabled --tag pdf",
    "skill-get --path pdf-processing",
    "skill-delete --path pdf-processing",
    "skill-toggle --path pdf-processing --enable true",
    "skill-health --path pdf-processing",
    "skill-content --path pdf-processing --raw",
    "skill-search --query pdf --tags x",
    "skill-rate --path pdf-processing --rating 5",
    "skill-rating --path pdf-processing",
    "skill-security-scan --path pdf-processing",
    "skill-rescan --path pdf-processing"
  ]),
  ...none(/PUT \/api\/machine-clients/, [
    "m2m-client-create --client-id abc --client-name robot --groups developers --description x",
    "m2m-client-list --provider manual --limit 500 --skip 0",
    "m2m-client-get --client-id abc",
    "m2m-client-update --client-id abc --groups developers --enabled true",
    "m2m-client-delete --client-id abc --force"
  ]),
  ...none(/mcpgw users update NAME/, [
    "user-group-create --username alice --groups registry-admins,public-mcp-users --email a@example.com --disabled",
    "user-group-get --username alice",
    "user-group-update --username alice --groups registry-admins --enabled",
    "user-group-delete --username alice --force"
  ]),
  ...none(/mcpgw users create NAME --password-stdin/, ["pingfederate-user-create --username alice --password-stdin"]),
  ...none(/mcpgw import registry --list FILE/, [
    "federation-get --config-id default --json",
    "federation-save --config federation-config.json",
    "federation-delete --config-id default --force",
    "federation-add-anthropic-server --server-name io.github.jgador/websharp",
    "federation-remove-anthropic-server --server-name io.github.jgador/websharp",
    "federation-add-asor-agent --agent-id aws_assistant",
    "federation-remove-asor-agent --agent-id aws_assistant",
    "federation-sync --source anthropic"
  ]),
  ...none(/mcpgw import registry --from URL --mirror/, [
    "peer-add --config peer.json --federation-token x",
    "peer-get --peer-id x",
    "peer-update --peer-id x --config peer.json",
    "peer-update-token --peer-id x --federation-token y",
    "peer-remove --peer-id x --force",
    "peer-sync --peer-id x",
    "peer-sync-all",
    "peer-status --peer-id x",
    "peer-enable --peer-id x",
    "peer-disable --peer-id x",
    "peer-connections",
    "peer-shared-resources"
  ]),
  ...none(/virtual servers are not here/, [
    "vs-create --config /path/to/virtual-server.json",
    "vs-list --enabled-only --tag x",
    "vs-get --path /virtual/dev-tools",
    "vs-update --path /virtual/dev-tools --config updated-config.json",
    "vs-delete --path /virtual/dev-tools --force",
    "vs-toggle --path /virtual/dev-tools --enabled true",
    "vs-rate --path /virtual/dev-tools --rating 5",
    "vs-rating --path /virtual/dev-tools"
  ]),
  ...none(/\.well-known\/mcp-servers/, [
    "registry-card-get",
    "registry-card-discover",
    'registry-card-update --name "My Registry" --description "Production registry"',
    "registry-card-update --contact-email admin@example.com --contact-url https://example.com"
  ]),
  ...none(/tells nobody/, ["telemetry-heartbeat", "telemetry-startup"]),
  ...none(/search keeps itself in step/, [
    "embeddings-missing",
    "embeddings-reindex --paths /a /b",
    "embeddings-stale",
    "embeddings-stale-cleanup --all-stale"
  ]),
  ...none(/npm run audit/, ["logs --service registry --level ERROR --search timeout --limit 100 --metadata"]),
  ...none(/types of one's own/, [
    "custom-type-create --config type.json",
    "custom-type-list",
    "custom-record-create --type x --config record.json",
    "custom-record-list --type x"
  ])
]

export const registryManagement: ReadonlyArray<DocumentedCommand> = [...here, ...absent]
