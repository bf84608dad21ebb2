/** Tools whose input schemas are written by hand, so that what lists show is exactly what stands here; and those that announce changes. */
import { fromJsonSchema, type McpServer, type ServerNotifier } from "@modelcontextprotocol/server"
import { text } from "./Samples.ts"

/** Keywords of JSON Schema 2020-12 that a careless list would lose (SEP-1613, SEP-2106). */
const KEYWORDS = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } }
    }
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" }
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false
}

/** One argument travels in a header as well (2026-07-28, `x-mcp-header`). */
const MIRRORED = {
  type: "object",
  properties: { region: { type: "string", "x-mcp-header": "Region" }, level: { type: "integer" } }
}

export const addSchemaTools = (server: McpServer, announce: ServerNotifier): void => {
  server.registerTool(
    "json_schema_2020_12_tool",
    { description: "Takes what its rich schema allows", inputSchema: fromJsonSchema(KEYWORDS) },
    (given) => ({ content: [text(`got ${JSON.stringify(given)}`)] })
  )
  server.registerTool(
    "test_x_mcp_header",
    { description: "Takes a region that a header repeats", inputSchema: fromJsonSchema(MIRRORED) },
    (given) => ({ content: [text(`got ${JSON.stringify(given)}`)] })
  )
  server.registerTool("test_trigger_tool_change", { description: "Says that the tools changed" }, () => {
    announce.toolsChanged()
    return { content: [text("said that the tools changed")] }
  })
  server.registerTool("test_trigger_prompt_change", { description: "Says that the prompts changed" }, () => {
    announce.promptsChanged()
    return { content: [text("said that the prompts changed")] }
  })
}
