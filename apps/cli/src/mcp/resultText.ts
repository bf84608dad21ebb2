/** A tool's result as text: its own lines, without control of the terminal; what is no text is named. */
import type { CallToolResult } from "@modelcontextprotocol/client"

/** Control characters but the tab and the line's end, and marks that turn the direction of writing. */
const UNSAFE = /(?![\t\n])[\p{Cc}\p{Cf}]/gu

const partText = (part: CallToolResult["content"][number]): string => {
  switch (part.type) {
    case "text":
      return part.text
    case "image":
    case "audio":
      return `(${part.type}, ${part.mimeType}; --json holds it)`
    case "resource_link":
      return `(resource ${part.uri})`
    case "resource":
      return "text" in part.resource ? part.resource.text : `(resource ${part.resource.uri}; --json holds it)`
  }
}

export const resultText = ({ content, structuredContent }: CallToolResult): string => {
  const text = content.map(partText).join("\n")
  const shown = text === "" && structuredContent !== undefined ? JSON.stringify(structuredContent, null, 2) : text
  return shown.replaceAll(UNSAFE, "")
}
