/**
 * The programs a person connects to a server with, and where each keeps its configuration. Pure: reads no disk and no environment.
 * Each entry names the page of the client's own documentation it was checked against (November 2026).
 */
import * as Schema from "effect/Schema"

export const IdeName = Schema.Literal("vscode", "cursor", "claude-code", "cline", "roo-code", "kiro", "goose", "codex")
export type IdeName = typeof IdeName.Type

/** In the order they are listed. */
export const IDE_NAMES: ReadonlyArray<IdeName> = IdeName.literals

export type FileFormat = "json" | "yaml" | "toml"

/** `user`: for all of a person's projects. `project`: for one folder, often shared with others. */
export const ConfigScope = Schema.Literal("user", "project")
export type ConfigScope = typeof ConfigScope.Type

export const Os = Schema.Literal("linux", "macos", "windows")
export type Os = typeof Os.Type

export interface Ide {
  /** What people call it. */
  readonly label: string
  readonly format: FileFormat
  /** The name of the map that holds one entry per server. */
  readonly section: string
  /**
   * The file of a person, with `~` for the home folder and `%APPDATA%` as Windows says it. `%APPDATA%` and `~` stand only at the start.
   */
  readonly user: Readonly<Record<Os, string>>
  /** The file of a project, from its folder; undefined where the client has none. */
  readonly project: string | undefined
  /** Title and address of the documentation's page. */
  readonly docs: { readonly title: string; readonly url: string }
}

const everywhere = (path: string): Readonly<Record<Os, string>> => ({ linux: path, macos: path, windows: path })

/** Below the folder where VS Code keeps what belongs to a person. */
const vscodeUser = (path: string): Readonly<Record<Os, string>> => ({
  linux: `~/.config/Code/User/${path}`,
  macos: `~/Library/Application Support/Code/User/${path}`,
  windows: `%APPDATA%/Code/User/${path}`
})

export const IDES: Readonly<Record<IdeName, Ide>> = {
  vscode: {
    label: "VS Code",
    format: "json",
    section: "servers",
    user: vscodeUser("mcp.json"),
    project: ".vscode/mcp.json",
    docs: {
      title: "MCP configuration reference",
      url: "https://code.visualstudio.com/docs/copilot/reference/mcp-configuration"
    }
  },
  cursor: {
    label: "Cursor",
    format: "json",
    section: "mcpServers",
    user: everywhere("~/.cursor/mcp.json"),
    project: ".cursor/mcp.json",
    docs: { title: "Model Context Protocol (MCP)", url: "https://cursor.com/docs/mcp" }
  },
  "claude-code": {
    label: "Claude Code",
    format: "json",
    section: "mcpServers",
    user: everywhere("~/.claude.json"),
    project: ".mcp.json",
    docs: { title: "Connect Claude Code to tools via MCP", url: "https://code.claude.com/docs/en/mcp" }
  },
  cline: {
    label: "Cline",
    format: "json",
    section: "mcpServers",
    // Of all its programs. Earlier versions of the extension had one among VS Code's own files; a newer one takes that over once.
    user: everywhere("~/.cline/data/settings/cline_mcp_settings.json"),
    project: undefined,
    docs: {
      title: "Adding & Configuring Servers",
      url: "https://docs.cline.bot/mcp/adding-and-configuring-servers"
    }
  },
  "roo-code": {
    label: "Roo Code",
    format: "json",
    section: "mcpServers",
    user: vscodeUser("globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json"),
    project: ".roo/mcp.json",
    docs: { title: "Using MCP in Roo Code", url: "https://docs.roocode.com/features/mcp/using-mcp-in-roo" }
  },
  kiro: {
    label: "Kiro",
    format: "json",
    section: "mcpServers",
    user: everywhere("~/.kiro/settings/mcp.json"),
    project: ".kiro/settings/mcp.json",
    docs: { title: "Configuration (MCP)", url: "https://kiro.dev/docs/mcp/configuration" }
  },
  goose: {
    label: "Goose",
    format: "yaml",
    section: "extensions",
    user: {
      linux: "~/.config/goose/config.yaml",
      macos: "~/.config/goose/config.yaml",
      windows: "%APPDATA%/Block/goose/config/config.yaml"
    },
    project: undefined,
    docs: {
      title: "Configuration Overview",
      url: "https://block.github.io/goose/docs/guides/config-files"
    }
  },
  codex: {
    label: "Codex",
    format: "toml",
    section: "mcp_servers",
    user: everywhere("~/.codex/config.toml"),
    project: ".codex/config.toml",
    docs: { title: "Model Context Protocol", url: "https://developers.openai.com/codex/mcp" }
  }
}

/** Where things are on one machine. */
export interface Places {
  readonly os: Os
  /** The home folder, absolute. */
  readonly home: string
  /** `%APPDATA%` on Windows; `{home}/AppData/Roaming` unless given. */
  readonly appData?: string
  /** The project's folder, absolute. */
  readonly project: string
}

/** The file on that machine; undefined when the client has none of that scope. */
export const fileOf = (ide: IdeName, scope: ConfigScope, places: Places): string | undefined => {
  const { project, user } = IDES[ide]
  if (scope === "project") return project === undefined ? undefined : `${places.project}/${project}`
  return user[places.os]
    .replace(/^~/, () => places.home)
    .replace(/^%APPDATA%/, () => places.appData ?? `${places.home}/AppData/Roaming`)
}
