/**
 * One click or one command instead of an edited file, where a client has that: Cursor's "MCP Install Links" (cursor.com/docs/mcp/install-links),
 * VS Code's `vscode:mcp/install` ("MCP developer guide", code.visualstudio.com/api), `claude mcp add` and `codex mcp add`. Pure.
 */
import type { IdeName } from "./Client.ts"
import type { Config, Target } from "./Entry.ts"

const base64 = (text: string): string => {
  let bytes = ""
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return btoa(bytes)
}

/** Opens the client with a question whether to add the server; undefined where the client has no such link. */
export const installLink = (ide: IdeName, { entry, inputs, key }: Config): string | undefined => {
  if (ide === "cursor") {
    const query = new URLSearchParams({ name: key, config: base64(JSON.stringify(entry)) })
    return `cursor://anysphere.cursor-deeplink/mcp/install?${query}`
  }
  if (ide !== "vscode") return undefined
  const config = { name: key, ...entry, ...(inputs.length === 0 ? {} : { inputs }) }
  return `vscode:mcp/install?${encodeURIComponent(JSON.stringify(config))}`
}

/** Keeps a word one word in a POSIX shell, whatever is in it. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

/** The command that adds the server with OAuth; undefined where the client has none. */
export const addCommand = (ide: IdeName, { key, url }: Target): string | undefined => {
  if (ide === "claude-code") return `claude mcp add --transport http --scope user ${shellWord(key)} ${shellWord(url)}`
  return ide === "codex" ? `codex mcp add ${shellWord(key)} --url ${shellWord(url)}` : undefined
}
