/** Tools that say something before they answer, or drop the stream they were called on. */
import type { CallToolResult, McpServer, ServerContext } from "@modelcontextprotocol/server"
import { text } from "./Samples.ts"

const STEPS = [0, 50, 100]
/** Between two notifications, so that one that is held back shows. */
const PAUSE_MS = 40
/** How long a call goes on after its stream was dropped. */
const AFTER_DROP_MS = 100

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

const answered = (words: string): CallToolResult => ({ content: [text(words)] })

const logging = async ({ mcpReq }: ServerContext): Promise<CallToolResult> => {
  for (const step of ["begins", "goes on", "ends"]) {
    await mcpReq.log("info", `the tool ${step}`, "conformance")
    await pause(PAUSE_MS)
  }
  return answered("logged three messages")
}

const progress = async ({ mcpReq }: ServerContext): Promise<CallToolResult> => {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return answered("nobody asked for progress")
  for (const step of STEPS) {
    const params = { progressToken, progress: step, total: 100, message: `${step} of 100` }
    await mcpReq.notify({ method: "notifications/progress", params })
    await pause(PAUSE_MS)
  }
  return answered(`reported progress of ${progressToken}`)
}

/** The answer is left to the stream the client resumes (2025-11-25: polling). */
const reconnection = async ({ http }: ServerContext): Promise<CallToolResult> => {
  http?.closeSSE?.()
  await pause(AFTER_DROP_MS)
  return answered("answered on the resumed stream")
}

export const addStreamTools = (server: McpServer): void => {
  server.registerTool("test_tool_with_logging", { description: "Logs while it works" }, logging)
  server.registerTool("test_logging_tool", { description: "Logs to those who asked for it" }, logging)
  server.registerTool("test_tool_with_progress", { description: "Reports progress" }, progress)
  server.registerTool("test_reconnection", { description: "Drops its stream before it answers" }, reconnection)
}
