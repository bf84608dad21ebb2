/**
 * Every row of `replaced.ts`, in order, as the replaced system's user typed it. `ENDS` says what becomes of each; a row without an entry, or an
 * entry without a row, fails.
 */
import * as BunContext from "@effect/platform-bun/BunContext"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { assert, beforeAll, describe, it } from "vitest"
import { writeFileSync } from "node:fs"
import { commandNames } from "../../src/mcpgw.ts"
import { REPLACED, type Replaced } from "../../src/old/replaced.ts"
import { translate } from "../../src/old/translate.ts"
import type { Stand } from "../support/stand.ts"

/** Exit code, and what is printed with it. */
type End = readonly [code: number, says: RegExp]

const ends = (code: number, says: RegExp): End => [code, says]

/** There is no Keycloak in this test; the command is tested with one elsewhere. */
const KEYCLOAK: End = [1, /Keycloak|password/i]
const NOT_HERE: End = [1, /not here/]

const MCP: Readonly<Record<string, End>> = {
  ping: [0, /\/currenttime|"server": "\/currenttime"/],
  list: [0, /current_time_by_timezone/],
  init: [0, /currenttime/],
  servers: [0, /\/realserverfaketools/]
}

const ENDS: Readonly<Record<string, Readonly<Record<string, End>>>> = {
  "cli/service_mgmt.sh": {
    "add server.json": [0, /Registered \/old\./],
    "add server.json yara": NOT_HERE,
    monitor: [1, /\/old[^]*Not well: \/old/],
    "monitor server.json": [1, /Not well: \/old/],
    "test server.json": [5, /\/old/],
    "scan http://127.0.0.1:9/mcp yara": NOT_HERE,
    "create-group finance Money": ends(0, /finance/),
    "add-to-groups old finance": ends(0, /./),
    "remove-from-groups old finance": ends(0, /./),
    "list-groups": ends(0, /mcp-registry-admin/),
    "delete-group finance": ends(0, /finance/),
    "delete /old Old": [0, /Removed \/old\./]
  },
  "cli/user_mgmt.sh": {
    "create-m2m -n old-bot -g mcp-registry-user -d 'A bot'": [0, /agent-old-bot[^]*secret \(shown once\)/],
    "create-human -u ada -e ada@example.org -f Ada -l Lovelace -g mcp-registry-user": ends(
      0,
      /password \(shown once\)[^]*note: a password is made/
    ),
    "create-human -u ada -e ada@example.org -f Ada -l Lovelace -g mcp-registry-user -p secret": NOT_HERE,
    "list-users": [0, /admin +local/],
    "list-groups": ends(0, /mcp-registry-admin/),
    "delete-user -u ada": ends(0, /Removed ada/)
  },
  "cli/mcp_services.py": {
    "list-servers": [0, /\/currenttime/],
    "health-check --server-name currenttime": [0, /\/currenttime +healthy/],
    "create-group --group-name mcp-servers-finance --scope-suffix read": ends(0, /mcp-servers-finance/),
    "assign-server-to-group --server-name currenttime --group-name mcp-servers-finance": ends(0, /./),
    "create-user --username john.doe --groups mcp-registry-user": ends(0, /password \(shown once\)/),
    "list-groups": ends(0, /mcp-registry-admin/)
  },
  "cli/mcp_client.py": {
    ...Object.fromEntries(
      Object.entries(MCP).flatMap(([word, end]) =>
        word === "servers"
          ? []
          : [
              [`--url URL/currenttime/mcp --token-file token.json ${word}`, end],
              [`--operation ${word}`, end]
            ]
      )
    ),
    [`call --tool current_time_by_timezone --args '{"tz_name":"America/New_York"}'`]: [0, /America\/New_York/],
    [`--operation call --tool-name current_time_by_timezone --arguments '{"tz_name":"Asia/Tokyo"}'`]: [0, /Asia\/Tokyo/]
  },
  "tests/mcp_cmds.sh": {
    basic: [0, /\/currenttime/],
    "--url URL/mcp list": [0, /current_time_by_timezone/],
    [`call current_time_by_timezone '{"tz_name":"America/New_York"}'`]: [0, /America\/New_York/],
    [`call currenttime current_time_by_timezone '{"tz_name":"America/New_York"}'`]: [0, /America\/New_York/]
  },
  registry: {
    "--command ping --no-interactive --json": [0, /"server": "\/currenttime"/],
    "--command list --no-interactive --json": [0, /current_time_by_timezone/],
    "--command init --no-interactive --json": [0, /"name": "currenttime"/],
    "--command servers": [0, /\/realserverfaketools/],
    [`--command call --tool current_time_by_timezone --args '{"tz_name":"Europe/Berlin"}'`]: [0, /Europe\/Berlin/],
    "--interactive": NOT_HERE
  },
  "cli/import_from_anthropic_registry.sh": {
    "--dry-run --import-list names.txt": [0, /com\.example\/weather .*(?:created|unchanged)/],
    "--analyzers yara": NOT_HERE
  },
  "cli/import_anthropic_servers.py": {
    "--dry-run --import-list names.txt": [0, /com\.example\/weather .*(?:created|unchanged)/],
    "--analyzers yara": NOT_HERE
  },
  "cli/test_anthropic_api.py": {
    "--token-file token.json --test list-servers --limit 10": ends(0, /io.mcpgateway\/currenttime/),
    "--token-file token.json --test get-versions --server-name io.mcpgateway/currenttime": ends(
      0,
      /io.mcpgateway\/currenttime/
    ),
    "--token-file token.json --test get-server --server-name io.mcpgateway/currenttime": ends(
      0,
      /io.mcpgateway\/currenttime/
    ),
    "--token-file token.json --base-url URL": ends(0, /io.mcpgateway\/currenttime/)
  },
  "credentials-provider/generate_creds.sh": {
    "--ingress-only --verbose": ends(0, /ingress\.json/)
  },
  "credentials-provider/oauth/ingress_oauth.py": { "--force": ends(0, /ingress\.json/) },
  "credentials-provider/oauth/egress_oauth.py": {
    "--provider atlassian --config-set 2": ends(0, /./)
  },
  "credentials-provider/token_refresher.py": { "--once --force": ends(0, /ingress\.json/) },
  "credentials-provider/start_token_refresher.sh": {
    "": ends(0, /^creds refresh --background\n/)
  },
  "credentials-provider/keycloak/generate_tokens.py": {
    "--agent-name sre-agent": ends(1, /agent-sre-agent-m2m/),
    "--all-agents": ends(0, /./),
    "--agent-name sre-agent --client-id a --client-secret b": NOT_HERE
  },
  "keycloak/setup/init-keycloak.sh": { "": KEYCLOAK },
  "keycloak/setup/get-all-client-credentials.sh": { "": KEYCLOAK },
  "keycloak/setup/setup-agent-service-account.sh": {
    "--agent-id sre-agent --group mcp-servers-unrestricted": KEYCLOAK
  },
  "keycloak/setup/setup-m2m-service-account.sh": { "": KEYCLOAK },
  "cli/mcp_security_scanner.py": { "--server-url http://127.0.0.1:9/mcp": NOT_HERE },
  "cli/scan_all_servers.py": { "--analyzers yara": NOT_HERE },
  "api/registry_management.py": {
    "--registry-url URL --token-file token.json register --config server.json": [0, /Registered \/old\./],
    "--debug register --config server.json --overwrite": [0, /Updated \/old\.[^]*< 200/],
    "list --json": [0, /"path": "\/old"/],
    healthcheck: [1, /Not well: \/old/],
    "config --json": [0, /"username": "admin"/],
    "server-get --path /old": [0, /Gone/],
    "toggle --path /old": [0, /\/old is off/],
    "server-rate --path /old --rating 4": ends(0, /4 of 5/),
    "create-group --name engineering --description Engineers": ends(0, /engineering/),
    "add-to-groups --server old --groups engineering": ends(0, /./),
    "remove-from-groups --server old --groups engineering": ends(0, /./),
    "list-groups": ends(0, /mcp-registry-admin/),
    "delete-group --name engineering --force": ends(0, /engineering/),
    "user-list": [0, /admin +local/],
    "user-delete --username nobody --force": ends(4, /./),
    "remove --path /old --force": [0, /Removed \/old\./],
    "rescan --path /old": NOT_HERE
  },
  "cli/agent_mgmt.py": { list: NOT_HERE },
  "agents/agent.py": { "--user-query 'What time is it in Tokyo?'": NOT_HERE },
  "build_and_run.sh": { "--prebuilt": NOT_HERE }
}

/** As a shell splits it. */
const split = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "")

const OLD = {
  server_name: "Old",
  path: "/old",
  proxy_pass_url: "http://127.0.0.1:9/",
  description: "Gone",
  tags: ["old"]
}

const isBackground = (script: string): boolean => script.endsWith("/start_token_refresher.sh")

const translated = (script: string): Promise<string> =>
  translate([script]).pipe(
    Effect.map((words) => Option.getOrElse(words, () => []).join(" ")),
    Effect.provide(BunContext.layer),
    Effect.runPromise
  )

const SCOPES = ["mcp-registry-admin", "mcp-servers-unrestricted/read", "mcp-servers-unrestricted/execute"]

export const replacedSuite = (stand: () => Stand): void => {
  const run = async ({ example, script }: Replaced) => {
    const { folder, gateway, run } = stand()
    // It goes on for ever, in a process of its own: what becomes of the words is enough.
    if (isBackground(script)) return { code: 0, out: await translated(script), err: "" }
    writeFileSync(`${folder}/server.json`, JSON.stringify(OLD))
    writeFileSync(`${folder}/token.json`, JSON.stringify({ access_token: await gateway.token(SCOPES) }))
    writeFileSync(`${folder}/names.txt`, "com.example/weather\n")
    const files = new Set(["server.json", "token.json", "names.txt"])
    const words = split(example.replaceAll("URL", gateway.url)).map((word) =>
      files.has(word) ? `${folder}/${word}` : word
    )
    return run([script, ...words], {
      stdin: "correct horse battery 10",
      env: { KEYCLOAK_URL: "http://127.0.0.1:9", MCPGW_OAUTH_TOKENS_DIR: `${folder}/oauth`, ...client }
    })
  }

  it("each row has an end, and each end a row", () => {
    const rows = REPLACED.map(({ example, script }) => `${script} ${example}`)
    assert.strictEqual(new Set(rows).size, rows.length)
    const ends = Object.entries(ENDS).flatMap(([script, by]) =>
      Object.keys(by).map((example) => `${script} ${example}`)
    )
    assert.sameMembers(ends, rows)
  })

  // For the flow that gets the gateway's own token.
  let client: Readonly<Record<string, string>> = {}
  beforeAll(async () => {
    const made = await stand().run([
      "agents",
      "create",
      "creds-bot",
      "--group",
      "mcp-registry-user",
      "--secret",
      "--json"
    ])
    const { client_id: id, client_secret: secret } = JSON.parse(made.out)
    client = { MCPGW_CLIENT_ID: id, MCPGW_CLIENT_SECRET: secret }
  })

  for (const row of REPLACED) {
    it(`${row.script} ${row.example}`, async () => {
      const [code, says] = ENDS[row.script]?.[row.example] ?? [-1, /^$/]
      const ended = await run(row)
      assert.match(`${ended.out}\n${ended.err}`, says)
      assert.strictEqual(ended.code, code, `${ended.out}\n${ended.err}`)
    })
  }

  describe("words of the table", () => {
    it("name commands that are there", () => {
      for (const { now } of REPLACED) {
        if (now === undefined) continue
        const [first = "", second = ""] = now.split(" ")
        // An option, or in brackets one that may be left out, is of the command before it.
        const below = /^\[|^-/.test(second) ? undefined : commandNames.get(first)
        const known = below === undefined ? commandNames.get("mcpgw")?.includes(first) === true : below.includes(second)
        assert.isTrue(known, now)
      }
    })
  })
}
