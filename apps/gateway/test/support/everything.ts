/** The real npm server `@modelcontextprotocol/server-everything` as a process of its own, over HTTP. */
import { freePort, type Running, spawn } from "@mcpgw/testkit/Process"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

export interface Everything extends Running {
  /** `http://127.0.0.1:{port}`; the endpoint is `/mcp` below it. */
  readonly url: string
}

/** `sse`: 2024-11-05, the stream at `/sse`. */
export const startEverything = async (transport: "streamableHttp" | "sse" = "streamableHttp"): Promise<Everything> => {
  const folder = dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/server-everything/package.json"))
  const port = await freePort()
  const command = [process.execPath, join(folder, "dist", "index.js"), transport]
  const running = spawn({ command, env: { PORT: String(port) } })
  await running.printed(/(?:listening|running) on port/)
  return { ...running, url: `http://127.0.0.1:${port}` }
}
