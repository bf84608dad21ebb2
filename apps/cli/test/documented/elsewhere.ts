/**
 * Commands the replaced system's documents show that there is nothing to run of here, where they stand, and why. Data alone; `documented.test.ts`
 * counts them.
 */

export interface NotRun {
  readonly at: string
  readonly line: string
  readonly why: string
}

const because = (why: string, of: Readonly<Record<string, string>>): ReadonlyArray<NotRun> =>
  Object.entries(of).map(([at, line]) => ({ at, line, why }))

export const elsewhere: ReadonlyArray<NotRun> = [
  ...because("puts the replaced system's own source, programs or model on a machine", {
    "summary 866-867, 893-894, faq 284-285": "git clone https://github.com/agentic-community/mcp-gateway-registry.git",
    "summary 615, 870, 895, 937-938": "cp .env.example .env",
    "summary 616, 941-942": "cp credentials-provider/oauth/.env.example credentials-provider/oauth/.env",
    "summary 877, 946": "curl -LsSf https://astral.sh/uv/install.sh | sh",
    "summary 878, 950-954": "sudo apt-get install -y docker.io docker-compose",
    "summary 898": "hf download sentence-transformers/all-MiniLM-L6-v2 --local-dir …",
    "summary 902": "export DOCKERHUB_ORG=mcpgateway",
    "summary 932-934": "mkdir -p ${HOME}/mcp-gateway/{servers,auth_server,secrets,logs}",
    "summary 947-948": "uv venv --python 3.12"
  }),
  ...because("asks the operating system, Docker or a cloud, not the gateway", {
    "summary 694-700": "docker compose exec metrics-db sh",
    "summary 917, 1003-1004, 1213": "docker-compose ps; docker-compose logs -f",
    "summary 1207, 1210": "sudo systemctl status docker; cat .env | grep -v SECRET",
    "summary 1219, guide 130": "aws cognito-idp describe-user-pool --user-pool-id YOUR_POOL_ID",
    "summary 1228, 1249": "sudo netstat -tlnp | grep -E ':(80|443|7860|8080)'",
    "summary 1243-1246": "ls -la ${HOME}/mcp-gateway/ssl/certs/; docker compose logs registry",
    "guide 119, 123, 141": "ps aux | grep token_refresher; tail -f token_refresher.log",
    "guide 134": "cat auth_server/scopes.yml",
    "guide 146": "openssl s_client -connect your-gateway.com:443"
  }),
  ...because("gets and places certificates; MCPGW_TLS_CERT and MCPGW_TLS_KEY name them here", {
    "summary 965-985, faq 141": "sudo certbot certonly --standalone -d your-domain.com"
  }),
  ...because("reads tables of the metrics service (contracts §2.12), which is not here yet", {
    "summary 707-741": "SELECT server, COUNT(*) as total, … FROM auth_metrics GROUP BY server"
  }),
  ...because("is a setting and not a command; creds.test.ts runs with these", {
    "summary 529-547": "EGRESS_OAUTH_CLIENT_ID_1=your_atlassian_client_id"
  }),
  ...because("is source of the replaced system's server", {
    "summary 1257-1268": "logging.basicConfig(level=logging.DEBUG)"
  }),
  ...because("configures a collector that is not here yet", {
    "summary 761, 768-806": "OTEL_OTLP_ENDPOINT=http://otel-collector:4318"
  }),
  ...because("calls a tool of the built-in MCP server, which is not here yet", {
    "summary 307-362, faq 72": 'intelligent_tool_finder(natural_language_query="what time is it in Tokyo")',
    "summary 1035": "./tests/mcp_cmds.sh call debug_auth_context '{}'",
    "summary 1036": `./tests/mcp_cmds.sh call intelligent_tool_finder '{"natural_language_query": "quantum"}'`,
    "faq 16, 50": "/mcpgw/sse"
  }),
  ...because("needs Keycloak; keycloak.test.ts runs what makes it, with one", {
    "summary 1197": "cat .oauth-tokens/agent-sre-agent-m2m-token.json"
  }),
  ...because(
    "names files that no version of the scripts wrote; MCPGW_OAUTH_TOKENS_DIR gives each surrounding a folder",
    {
      "guide 108, 112": "ENVIRONMENT=dev ./credentials-provider/generate_creds.sh",
      "guide 109, 113": "cp .oauth-tokens/dev-* ~/.vscode/"
    }
  ),
  ...because("is a script the reader is to write", { "guide 103": "./scripts/update-ai-assistants.sh" }),
  ...because("shows another mode of the gateway; packages/control's tests of connect-config run it", {
    "guide 273-284": "registry-only: the backend's URL and its own header alone"
  }),
  ...because("appends one JSON document to another, which no program reads", {
    "guide 16": "cat .oauth-tokens/vscode-mcp.json >> ~/.vscode/settings.json"
  }),
  ...because("is another product's", {
    "truefoundry-getting-started, truefoundry-ide-guide": "(no command of the replaced system)"
  })
]

/** Files that documented commands copy, run in a shell with `.oauth-tokens` beside it, and what must be in the copy. */
export const copies: ReadonlyArray<{
  readonly at: string
  readonly line: string
  readonly copy: string
  readonly holds: string
}> = [
  {
    at: "summary 1015, 1165, guide 14",
    line: "cp .oauth-tokens/vscode-mcp.json ~/.vscode/settings.json",
    copy: ".vscode/settings.json",
    holds: "mcp.servers.currenttime"
  },
  {
    at: "summary 634",
    line: "cp .oauth-tokens/vscode_mcp.json ~/.vscode/settings.json",
    copy: ".vscode/settings.json",
    holds: "mcp.servers.currenttime"
  },
  {
    at: "summary 1168",
    line: "cp .oauth-tokens/mcp.json ~/.vscode/mcp-settings.json",
    copy: ".vscode/mcp-settings.json",
    holds: "mcpServers.currenttime"
  },
  {
    at: "guide 39",
    line: "cp .oauth-tokens/mcp.json ~/.vscode/mcp_settings.json",
    copy: ".vscode/mcp_settings.json",
    holds: "mcpServers.currenttime"
  },
  {
    at: "guide 41",
    line: 'ln -sf "$(pwd)/.oauth-tokens/mcp.json" ~/.vscode/mcp_settings.json',
    copy: ".vscode/mcp_settings.json",
    holds: "mcpServers.currenttime"
  },
  {
    at: "guide 54",
    line: "cp .oauth-tokens/vscode-mcp.json ~/.claude-code/mcp-config.json",
    copy: ".claude-code/mcp-config.json",
    holds: "mcp.servers.currenttime"
  },
  {
    at: "guide 60",
    line: "cp .oauth-tokens/vscode-mcp.json ~/.cursor/mcp-settings.json",
    copy: ".cursor/mcp-settings.json",
    holds: "mcp.servers.currenttime"
  },
  {
    at: "summary 635, 1197",
    line: "cp .oauth-tokens/ingress.json ~/ingress.json",
    copy: "ingress.json",
    holds: "access_token"
  }
]
