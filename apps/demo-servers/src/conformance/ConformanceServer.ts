/**
 * A server that offers everything the official conformance suite asks for, to clients of both protocol eras: the reference that the gateway is
 * compared with. Names and URIs are the suite's. It is for tests: it logs nothing, forgets nothing and trusts everybody.
 */
import { createMcpHandler, createRequestStateCodec, isLegacyRequest, McpServer } from "@modelcontextprotocol/server"
import type { Handler } from "../Demo.ts"
import { addAskingTools } from "./AskingTools.ts"
import { addContentTools } from "./ContentTools.ts"
import { addPrompts } from "./Prompts.ts"
import { addResources } from "./Resources.ts"
import { addRoundTools, type Remembered } from "./RoundTools.ts"
import { addSchemaTools } from "./SchemaTools.ts"
import { legacySessions } from "./Sessions.ts"
import { addStreamTools } from "./StreamTools.ts"
import { addTaskTools, refusalWithoutTasks } from "./TaskTools.ts"
import { makeTasks, TASKS_EXTENSION } from "./Tasks.ts"

const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  logging: {},
  completions: {},
  extensions: { [TASKS_EXTENSION]: {} }
}

/** Sessions for the legacy era; a server of its own for every request of the modern one. */
export const conformanceHandler = (): Handler => {
  const state = createRequestStateCodec<Remembered>({ key: crypto.getRandomValues(new Uint8Array(32)) })
  const tasks = makeTasks()
  const make = (): McpServer => {
    const server = new McpServer(
      { name: "conformance", version: "1.0.0" },
      { capabilities: CAPABILITIES, requestState: { verify: state.verify } }
    )
    addContentTools(server)
    addStreamTools(server)
    addAskingTools(server)
    addRoundTools(server, state.mint)
    addSchemaTools(server, modern.notify)
    addTaskTools(server, tasks)
    addResources(server)
    addPrompts(server)
    server.server.setRequestHandler("completion/complete", () => ({ completion: { values: [], hasMore: false } }))
    return server
  }
  const modern = createMcpHandler(make, { legacy: "reject" })
  const legacy = legacySessions(make)
  return async (request) =>
    (await isLegacyRequest(request)) ? legacy(request) : ((await refusalWithoutTasks(request)) ?? modern.fetch(request))
}
