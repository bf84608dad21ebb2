/**
 * The two files the replaced system kept beside its tokens, in its own shapes (contracts.md §2.13, §2.16): `vscode_mcp.json`, also spelt
 * `vscode-mcp.json`, and `mcp.json` for Roo Code and Claude Code. They hold tokens: their writer keeps them readable by their owner alone.
 */

export interface ReplacedEntry {
  /** The server's path without slashes around it. */
  readonly key: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** First of the server's transports; `streamable-http` unless given. */
  readonly transport?: string
}

/** Both spellings of the first file's name. */
export const VSCODE_FILES = ["vscode_mcp.json", "vscode-mcp.json"] as const
export const ROO_FILE = "mcp.json"

const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

export const vscodeFile = (entries: ReadonlyArray<ReplacedEntry>): string =>
  text({
    mcp: {
      servers: Object.fromEntries(
        entries.map(({ headers, key, transport = "streamable-http", url }) => [key, { url, headers, transport }])
      )
    }
  })

export const rooFile = (entries: ReadonlyArray<ReplacedEntry>): string =>
  text({
    mcpServers: Object.fromEntries(
      entries.map(({ headers, key, transport = "streamable-http", url }) => [
        key,
        { type: transport, url, headers, disabled: false, alwaysAllow: [] }
      ])
    )
  })
