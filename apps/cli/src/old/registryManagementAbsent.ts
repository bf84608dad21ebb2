/**
 * Words of `registry_management.py` (contracts §1.9) for things that are not here, each with what to do instead. Whatever options they are given,
 * they do nothing and say so.
 */

export interface Absent {
  /** One word, or several with `|`. */
  readonly words: string
  readonly instead: string
  /** As a test runs it. */
  readonly example: string
}

/** A word and, behind a space, its documented options. */
const each = (instead: string, examples: ReadonlyArray<string>): ReadonlyArray<Absent> =>
  examples.map((example) => ({ words: example.split(" ")[0] ?? "", instead, example }))

const NO_LIMITS =
  "nobody's calls are counted against a limit yet; who or what must not call is switched off at once: mcpgw users disable, agents disable, servers disable"
const NO_SCANNER = "there is no scanner yet, and nothing is said to be safe that was not scanned"
const NO_EGRESS =
  "each caller's own accounts at a server are not connected here yet: a caller sends its own in Authorization, beside the gateway's in X-Authorization; one for everybody is set with mcpgw servers credential PATH --stdin"
const NO_ARD = "ARD is not spoken here; POST /api/search/semantic finds servers and tools by words"
const BY_NAMES =
  "named servers of another registry come with mcpgw import registry --list FILE, and --mirror follows their changes"
const BY_MIRROR =
  "another registry is followed with mcpgw import registry --from URL --mirror; mcpgw import jobs shows how far it is, and mcpgw import cancel ID ends it"
export const NO_A2A = "agents that others call are not kept here yet; programs that call are: mcpgw agents"
const NO_SKILLS = "skills are not kept here yet"
const MACHINES =
  "groups of an identity provider's machine are set with PUT /api/machine-clients (issuer, client_id, groups), shown with GET and taken away with DELETE; a program with an account here is mcpgw agents"
const USER_GROUPS =
  "groups come from the provider when somebody signs in, or from the account here: mcpgw users update NAME --group GROUPS"
const NO_VIRTUAL = "virtual servers are not here yet"
const NO_CARD =
  "there is no card; /.well-known/mcp-servers tells anyone of the servers an administrator made public, and MCPGW_PUBLIC_URL is the address it gives"
const NO_TELEMETRY = "this gateway tells nobody that it runs"
const NO_EMBEDDINGS = "search keeps itself in step with what is registered, and has nothing to index anew"
const NO_TYPES = "types of one's own are not kept here"

export const absent: ReadonlyArray<Absent> = [
  ...each(NO_LIMITS, [
    "rate-limit-set --axis caller --entity-type group --name developers --user-max-requests 60 --agent-max-requests 60 --window-seconds 60 --fail-closed",
    "rate-limit-list",
    "rate-limit-get --id caller:group:developers:60",
    "rate-limit-delete --id caller:group:developers:60",
    "rate-limit-enable --id caller:group:developers:60",
    "rate-limit-disable --id caller:group:developers:60",
    "rate-limit-status --identity developers",
    "rate-limit-member-set --subject-type user --subject alice --groups slow",
    "rate-limit-member-list",
    "rate-limit-member-delete --id user:alice",
    "rate-limit-quarantine-add --subject-type client --subject agent-robot",
    "rate-limit-quarantine-remove --subject-type agent --subject /code-reviewer",
    "rate-limit-quarantine-list"
  ]),
  ...each(NO_SCANNER, ["security-scan --path /old --json", "rescan --path /old"]),
  ...each(NO_EGRESS, [
    "egress-configure --path /github --mode oauth_user --provider github --client-id x --scopes repo,read:org",
    "egress-pat-set --path /github --secret x --ttl-value 30 --ttl-unit days",
    "egress-pat-status --path /github",
    "egress-pat-delete --path /github"
  ]),
  ...each(NO_ARD, [
    "ard-search --query x --filter type=mcp_server --filter tags=finance --page-size 10",
    "ard-agents --order-by updatedAt",
    "ard-ingestion-sync --source-id x",
    "ard-ingestion-status",
    "ard-ingestion-add-source --source-id x --domain example.com --enable",
    "ard-ingestion-remove-source --source-id x"
  ]),
  ...each(
    "a version is taken out with DELETE /v0.1/servers/NAME/versions/VERSION; NAME as mcpgw published list has it",
    ["remove-version --path /context7 --version v1.0.0"]
  ),
  ...each(
    "the highest version is the latest, by the rule of the official registry; PATCH …/versions/VERSION/status takes one back",
    ["set-default-version --path /context7 --version v1.0.0"]
  ),
  ...each(NO_A2A, [
    "agent-register --config server.json",
    "agent-list --query review --enabled-only --visibility public --limit 20",
    "agent-get --path /code-reviewer",
    "agent-update --path /code-reviewer --config server.json",
    "agent-patch --path /code-reviewer --config server.json",
    "agent-batch-submit --file server.json --idempotency-key x",
    "agent-batch-status --job-id x",
    "agent-delete --path /code-reviewer --force",
    "agent-toggle --path /code-reviewer --enabled true",
    "agent-discover --skills code_analysis,bug_detection --tags x",
    "agent-search --query 'agents that analyze code'",
    "agent-rate --path /code-reviewer --rating 5",
    "agent-rating --path /code-reviewer",
    "agent-security-scan --path /code-reviewer",
    "agent-rescan --path /code-reviewer",
    "agent-pull-card --path /code-reviewer --apply",
    "agent-ans-link --path /code-reviewer --ans-agent-id ans://v1.example.com",
    "agent-ans-status --path /code-reviewer",
    "agent-ans-unlink --path /code-reviewer"
  ]),
  ...each(NO_SKILLS, [
    "skill-register --name pdf-processing --url https://example.com/SKILL.md --tags pdf",
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
  ...each(MACHINES, [
    "m2m-client-create --client-id abc --client-name robot --groups developers",
    "m2m-client-list --provider manual --limit 500",
    "m2m-client-get --client-id abc",
    "m2m-client-update --client-id abc --groups developers --enabled true",
    "m2m-client-delete --client-id abc --force"
  ]),
  ...each(USER_GROUPS, [
    "user-group-create --username alice --groups registry-admins,public-mcp-users",
    "user-group-get --username alice",
    "user-group-update --username alice --groups registry-admins",
    "user-group-delete --username alice"
  ]),
  ...each(
    "PingFederate is told by its own administration; an account here is mcpgw users create NAME --password-stdin",
    ["pingfederate-user-create --username alice"]
  ),
  ...each(BY_NAMES, [
    "federation-get --config-id default",
    "federation-save --config server.json",
    "federation-delete --config-id default --force",
    "federation-add-anthropic-server --server-name io.github.jgador/websharp",
    "federation-remove-anthropic-server --server-name io.github.jgador/websharp",
    "federation-add-asor-agent --agent-id aws_assistant",
    "federation-remove-asor-agent --agent-id aws_assistant",
    "federation-sync --source anthropic"
  ]),
  ...each(BY_MIRROR, [
    "peer-add --config server.json",
    "peer-get --peer-id x",
    "peer-update --peer-id x --config server.json",
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
  ...each(NO_VIRTUAL, [
    "vs-create --config server.json",
    "vs-list --enabled-only --tag x",
    "vs-get --path /virtual/dev-tools",
    "vs-update --path /virtual/dev-tools --config server.json",
    "vs-delete --path /virtual/dev-tools --force",
    "vs-toggle --path /virtual/dev-tools --enabled true",
    "vs-rate --path /virtual/dev-tools --rating 5",
    "vs-rating --path /virtual/dev-tools"
  ]),
  ...each(NO_CARD, [
    "registry-card-get",
    "registry-card-discover",
    "registry-card-update --name 'My Registry' --contact-email admin@example.com"
  ]),
  ...each(NO_TELEMETRY, ["telemetry-heartbeat", "telemetry-startup"]),
  ...each(NO_EMBEDDINGS, [
    "embeddings-missing",
    "embeddings-reindex --paths /a /b",
    "embeddings-stale",
    "embeddings-stale-cleanup --all-stale"
  ]),
  ...each("the gateway logs to its own output, and what was called and changed is shown by npm run audit", [
    "logs --service registry --level ERROR --search timeout --limit 100"
  ]),
  ...each(NO_TYPES, [
    "custom-type-create --config server.json",
    "custom-type-list",
    "custom-record-create --type x --config server.json",
    "custom-record-list --type x"
  ])
]
