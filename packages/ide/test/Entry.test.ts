/** Entries, files, links and places of each client, contracts §2.13 and the clients' own pages. */
import { assert, describe, it } from "@effect/vitest"
import { fileOf, IDE_NAMES, type IdeName } from "../src/Client.ts"
import { configOf, fileText, keyOf } from "../src/Entry.ts"
import type { HeaderForm } from "../src/Headers.ts"
import { addCommand, installLink, shellWord } from "../src/Links.ts"
import { rooFile, vscodeFile } from "../src/Replaced.ts"

const target = { key: "team-search", url: "https://mcp.example.com/team/search/mcp" }
const { url } = target
const BOTH: HeaderForm = { gateway: true, backend: { scheme: "bearer" } }

describe("contracts §2.13: the URL form, for clients that sign in with OAuth", () => {
  const entries: Readonly<Record<IdeName, unknown>> = {
    vscode: { type: "http", url },
    cursor: { url },
    "claude-code": { type: "http", url },
    cline: { type: "streamableHttp", url, disabled: false },
    "roo-code": { type: "streamable-http", url, disabled: false, alwaysAllow: [] },
    kiro: { url },
    goose: {
      name: "team-search",
      description: "team-search through the MCP gateway",
      type: "streamable_http",
      uri: url,
      enabled: true,
      timeout: 300
    },
    codex: { url }
  }
  for (const ide of IDE_NAMES) {
    it(`${ide}: the entry is the documented one, and holds no credential`, () => {
      const config = configOf(ide, target)
      assert.deepEqual(config.entry, entries[ide])
      assert.isEmpty(config.inputs)
      assert.notMatch(fileText(ide, config), /authorization|bearer|token/i)
    })
  }
})

describe("contracts §2.13: the header form has the server's own header and the gateway's, as placeholders", () => {
  const headers = (gateway: string, server: string) => ({
    Authorization: `Bearer ${server}`,
    "X-Authorization": `Bearer ${gateway}`
  })
  const expected: Readonly<Record<Exclude<IdeName, "codex">, unknown>> = {
    vscode: headers("${input:mcpgw-team-search-gateway}", "${input:mcpgw-team-search-server}"),
    cursor: headers("${env:MCPGW_TOKEN}", "${env:MCP_SERVER_TOKEN}"),
    "claude-code": headers("${MCPGW_TOKEN}", "${MCP_SERVER_TOKEN}"),
    cline: headers("[YOUR_GATEWAY_TOKEN]", "[YOUR_SERVER_AUTH_TOKEN]"),
    "roo-code": headers("${env:MCPGW_TOKEN}", "${env:MCP_SERVER_TOKEN}"),
    kiro: headers("${MCPGW_TOKEN}", "${MCP_SERVER_TOKEN}"),
    goose: headers("${MCPGW_TOKEN}", "${MCP_SERVER_TOKEN}")
  }
  for (const [ide, wanted] of Object.entries(expected)) {
    it(`${ide}: in the client's own spelling, the gateway's last`, () => {
      const { entry } = configOf(IDE_NAMES.find((name) => name === ide) ?? "codex", target, BOTH)
      assert.deepEqual<unknown>(entry["headers"], wanted)
      assert.deepEqual(Object.keys(Object(entry["headers"])), ["Authorization", "X-Authorization"])
    })
  }

  it("codex: by the names of variables; it has no place for a token in its file but http_headers", () => {
    const { entry } = configOf("codex", target, BOTH)
    assert.deepEqual(entry["env_http_headers"], { Authorization: "MCP_SERVER_TOKEN", "X-Authorization": "MCPGW_TOKEN" })
    const given = configOf("codex", target, { ...BOTH, values: { gateway: "g", backend: "b" } })
    assert.deepEqual(given.entry["http_headers"], { Authorization: "Bearer b", "X-Authorization": "Bearer g" })
    assert.notProperty(given.entry, "env_http_headers")
  })

  it("vscode: asks for both, hidden", () => {
    const { inputs } = configOf("vscode", target, BOTH)
    assert.deepEqual(
      inputs.map(({ id, password, type }) => [id, password, type]),
      [
        ["mcpgw-team-search-server", true, "promptString"],
        ["mcpgw-team-search-gateway", true, "promptString"]
      ]
    )
  })

  it("an api_key goes under its own header without a scheme; no backend header for `none`", () => {
    const form = { gateway: true, backend: { scheme: "api_key", header: "X-Key" } } as const
    assert.deepEqual(configOf("kiro", target, form).entry["headers"], {
      "X-Key": "${MCP_SERVER_TOKEN}",
      "X-Authorization": "Bearer ${MCPGW_TOKEN}"
    })
    const none = { gateway: true, backend: { scheme: "none" } } as const
    assert.deepEqual(Object.keys(Object(configOf("kiro", target, none).entry["headers"])), ["X-Authorization"])
  })

  it("what else the server wants comes first, each name once, by a variable of its own", () => {
    const backend = { scheme: "bearer", others: ["X-Region", "x-region", "authorization", "X-Tenant.Id"] } as const
    assert.deepEqual(configOf("kiro", target, { gateway: true, backend }).entry["headers"], {
      "X-Region": "${MCP_HEADER_X_REGION}",
      "X-Tenant.Id": "${MCP_HEADER_X_TENANT_ID}",
      Authorization: "Bearer ${MCP_SERVER_TOKEN}",
      "X-Authorization": "Bearer ${MCPGW_TOKEN}"
    })
    const asked = configOf("vscode", target, { gateway: false, backend: { scheme: "none", others: ["X-Region"] } })
    assert.deepEqual(asked.entry["headers"], { "X-Region": "${input:mcpgw-team-search-header-x-region}" })
    assert.deepEqual(
      asked.inputs.map(({ id }) => id),
      ["mcpgw-team-search-header-x-region"]
    )
    const cline = configOf("cline", target, { gateway: false, backend: { scheme: "api_key", others: ["X-Region"] } })
    assert.deepEqual(cline.entry["headers"], { "X-Region": "[YOUR_X_REGION]", "X-API-Key": "[YOUR_API_KEY]" })
    assert.deepEqual(configOf("codex", target, { gateway: false, backend }).entry["env_http_headers"], {
      "X-Region": "MCP_HEADER_X_REGION",
      "X-Tenant.Id": "MCP_HEADER_X_TENANT_ID",
      Authorization: "MCP_SERVER_TOKEN"
    })
  })

  it("registry-only: no header of the gateway, whatever was given", () => {
    const form = { gateway: false, backend: { scheme: "bearer" }, values: { gateway: "g" } } as const
    assert.deepEqual(configOf("cursor", target, form).entry["headers"], {
      Authorization: "Bearer ${env:MCP_SERVER_TOKEN}"
    })
  })
})

describe("one click", () => {
  it("Cursor: name and the entry in base64, also beyond ASCII", () => {
    const link = new URL(installLink("cursor", configOf("cursor", { key: "k", url: "https://é.example/mcp" })) ?? "")
    assert.strictEqual(
      `${link.protocol}//${link.host}${link.pathname}`,
      "cursor://anysphere.cursor-deeplink/mcp/install"
    )
    assert.strictEqual(link.searchParams.get("name"), "k")
    const bytes = Uint8Array.from(atob(link.searchParams.get("config") ?? ""), (char) => char.charCodeAt(0))
    assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes)), { url: "https://é.example/mcp" })
  })

  it("VS Code: name and entry as one encoded JSON object", () => {
    const link = installLink("vscode", configOf("vscode", target)) ?? ""
    assert.match(link, /^vscode:mcp\/install\?[^&= ]+$/)
    assert.deepEqual(JSON.parse(decodeURIComponent(link.split("?")[1] ?? "")), {
      name: "team-search",
      type: "http",
      url
    })
  })

  it("commands keep a hostile name one word", () => {
    assert.strictEqual(addCommand("codex", target), `codex mcp add team-search --url ${url}`)
    assert.strictEqual(
      addCommand("claude-code", target),
      `claude mcp add --transport http --scope user team-search ${url}`
    )
    assert.strictEqual(shellWord("a'; rm -rf ~ #"), `'a'\\''; rm -rf ~ #'`)
    assert.isUndefined(addCommand("kiro", target))
  })
})

describe("names and places", () => {
  it("a key is the path without what clients refuse in names", () => {
    assert.strictEqual(keyOf("/team/search/"), "team-search")
    assert.strictEqual(keyOf("/a.b~c"), "a-b-c")
    assert.strictEqual(keyOf("/"), "mcpgw")
  })

  it("files per system and scope", () => {
    const at = (os: "linux" | "macos" | "windows") => ({ os, home: "/h", project: "/p" })
    assert.strictEqual(fileOf("cursor", "user", at("linux")), "/h/.cursor/mcp.json")
    assert.strictEqual(fileOf("vscode", "user", at("linux")), "/h/.config/Code/User/mcp.json")
    assert.strictEqual(fileOf("vscode", "user", at("macos")), "/h/Library/Application Support/Code/User/mcp.json")
    assert.strictEqual(
      fileOf("goose", "user", { ...at("windows"), appData: "C:/A" }),
      "C:/A/Block/goose/config/config.yaml"
    )
    assert.strictEqual(fileOf("codex", "project", at("linux")), "/p/.codex/config.toml")
    assert.isUndefined(fileOf("goose", "project", at("linux")))
  })
})

describe("contracts §2.13: the replaced system's own files", () => {
  const entry = { key: "currenttime", url: "https://g/currenttime/mcp", headers: { "X-Authorization": "Bearer t" } }

  it("vscode_mcp.json", () => {
    assert.deepEqual(JSON.parse(vscodeFile([entry])), {
      mcp: { servers: { currenttime: { url: entry.url, headers: entry.headers, transport: "streamable-http" } } }
    })
  })

  it("mcp.json: the type is the server's first transport", () => {
    assert.deepEqual(JSON.parse(rooFile([{ ...entry, transport: "sse" }])), {
      mcpServers: {
        currenttime: { type: "sse", url: entry.url, headers: entry.headers, disabled: false, alwaysAllow: [] }
      }
    })
  })
})
