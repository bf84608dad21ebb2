/** Tool results as both of what clients read: text for models, structured content for programs. */
import type { CallToolResult } from "@modelcontextprotocol/server"

/** A plain JSON object as structured content, with the same as text. */
export const answer = (value: Readonly<Record<string, unknown>>): CallToolResult => ({
  content: [{ type: "text", text: JSON.stringify(value, null, 2) }],
  structuredContent: { ...value }
})

/** A tool error the model can act on: a result with `isError`, not a protocol error. */
export const problem = (text: string): CallToolResult => ({ content: [{ type: "text", text }], isError: true })
