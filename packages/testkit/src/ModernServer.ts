/**
 * A server of the 2026-07-28 era on `@modelcontextprotocol/server`, over HTTP on loopback. It also records every request, and
 * speaks the legacy era statelessly. Imported from tests only.
 */
import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  McpServer,
  type ServerNotifier
} from "@modelcontextprotocol/server"
import * as z from "zod"
import { type ScriptedServer, startScripted } from "./ScriptedServer.ts"

export interface ModernServer extends ScriptedServer {
  /** Tells whoever listens that something changed. */
  readonly notify: ServerNotifier
}

const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] })

/** Tools `echo`, `count` (progress), `ask` (elicitation) and `secret`; a prompt `greeting`; a resource `test://note`. */
const makeServer = (): McpServer => {
  const server = new McpServer(
    { name: "modern", version: "1.0.0" },
    {
      cacheHints: {
        "tools/list": { ttlMs: 60_000, cacheScope: "public" },
        "prompts/list": { ttlMs: 60_000, cacheScope: "public" }
      }
    }
  )
  server.registerTool("echo", { inputSchema: z.object({ message: z.string() }) }, ({ message }) => text(message))
  server.registerTool("secret", { inputSchema: z.object({}) }, () => text("secret"))
  server.registerTool("count", { inputSchema: z.object({ to: z.number() }) }, async ({ to }, ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken
    if (progressToken === undefined) return text(`counted to ${to}`)
    for (let progress = 1; progress <= to; progress++) {
      await ctx.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: to } })
    }
    return text(`counted to ${to}`)
  })
  const answer = z.object({ name: z.string() })
  server.registerTool("ask", { inputSchema: z.object({}) }, (_input, ctx) => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, "who", answer)
    if (given !== undefined) return text(`hello ${given.name}`)
    return inputRequired({ inputRequests: { who: inputRequired.elicit({ message: "Who?", requestedSchema: answer }) } })
  })
  server.registerPrompt("greeting", {}, () => ({ messages: [{ role: "user", content: { type: "text", text: "hi" } }] }))
  server.registerResource("note", "test://note", {}, () => ({ contents: [{ uri: "test://note", text: "noted" }] }))
  return server
}

export const startModern = async (): Promise<ModernServer> => {
  const handler = createMcpHandler(makeServer, { keepAliveMs: 0 })
  const server = await startScripted(({ method, path, headers, body, signal }) =>
    handler.fetch(new Request(`http://localhost${path}`, { method, headers, signal, ...(body === "" ? {} : { body }) }))
  )
  const stop = async (): Promise<void> => {
    await handler.close()
    await server.stop()
  }
  return { ...server, stop, notify: handler.notify }
}
