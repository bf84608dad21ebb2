/**
 * **realserverfaketools** — a real MCP server whose six tools pretend: argument shapes of every kind (bounded numbers, arrays,
 * enums, nested objects, optional and free-form members), results computed from the arguments alone. Calls nothing.
 */
import { McpServer } from "@modelcontextprotocol/server"
import { registerAnalysisTools } from "./AnalysisTools.ts"
import { registerDataTools } from "./DataTools.ts"

/** A fresh server. */
export const realServerFakeToolsServer = (): McpServer => {
  const server = new McpServer({ name: "realserverfaketools", version: "1.0.0" })
  registerAnalysisTools(server)
  registerDataTools(server)
  return server
}
