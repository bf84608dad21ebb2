/** Tools that answer a task and go on, and the methods that look after tasks. Whoever does not know tasks waits, or is refused. */
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequiredResult,
  type McpServer,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext
} from "@modelcontextprotocol/server"
import * as z from "zod"
import { field, property, textField } from "./Questions.ts"
import { text } from "./Samples.ts"
import { type Tasks, TASKS_EXTENSION, type Work } from "./Tasks.ts"

type Run = (work: Work) => Promise<CallToolResult>

/** `meta` is a request's `_meta`. */
const declaresTasks = (meta: unknown): boolean =>
  property(property(property(meta, CLIENT_CAPABILITIES_META_KEY), "extensions"), TASKS_EXTENSION) !== undefined

const knowsTasks = ({ mcpReq: { envelope } }: ServerContext): boolean => declaresTasks(envelope)

const NEEDED = { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } }

/** For methods: what a tool throws, the library makes a result of. */
const requireTasks = (context: ServerContext): void => {
  if (!knowsTasks(context)) throw new MissingRequiredClientCapabilityError(NEEDED)
}

const done = (words: string, isError = false): CallToolResult => ({ content: [text(words)], isError })

/** The library wants a content of every tool's result, and leaves the rest as it is. */
const started = (tasks: Tasks, run: Run): CallToolResult => ({ content: [], ...tasks.start(run), resultType: "task" })

/** For those who do not know tasks; nothing can be asked of them. */
const waited: Work = {
  ask: () => Promise.reject(new Error("nobody can be asked")),
  pause: (seconds) => new Promise((resolve) => void setTimeout(resolve, seconds * 1000))
}

const compute =
  (seconds: number): Run =>
  async ({ pause }) => {
    await pause(seconds)
    return done(`computed for ${seconds} s`)
  }

const confirm =
  (...keys: ReadonlyArray<string>): Run =>
  async ({ ask }) => {
    const answers = await ask(Object.fromEntries(keys.map((key) => [key, field(`${key}?`, "confirm", "boolean")])))
    return done(`answered ${Object.keys(answers).join(", ")}`)
  }

const fail: Run = async () => done("the job failed", true)

const breakDown: Run = async () => {
  throw new Error("the job broke down")
}

const greetLater = (tasks: Tasks, context: ServerContext): CallToolResult | InputRequiredResult => {
  const name = textField(context.mcpReq.inputResponses, "user_name", "name")
  return name === undefined
    ? inputRequired({ inputRequests: { user_name: field("What is your name?", "name") } })
    : started(tasks, async () => done(`Hello, ${name}!`))
}

type TaskTool = (tasks: Tasks, context: ServerContext) => CallToolResult | InputRequiredResult

/** Tools that answer nothing but tasks. */
const TASK_TOOLS: Readonly<Record<string, TaskTool>> = {
  failing_job: (tasks) => started(tasks, fail),
  protocol_error_job: (tasks) => started(tasks, breakDown),
  confirm_delete: (tasks) => started(tasks, confirm("confirmation")),
  multi_input: (tasks) => started(tasks, confirm("first", "second")),
  test_tool_with_task: greetLater
}

/** The answer to a modern call of a tool that answers nothing but tasks, by a client that does not know them; undefined for all other requests. */
export const refusalWithoutTasks = async (request: Request): Promise<Response | undefined> => {
  const body: unknown = await request
    .clone()
    .json()
    .catch(() => undefined)
  const params = property(body, "params")
  const name = property(params, "name")
  const isCall =
    property(body, "method") === "tools/call" && typeof name === "string" && Object.hasOwn(TASK_TOOLS, name)
  if (!isCall || declaresTasks(property(params, "_meta"))) return undefined
  const { code, message, data } = new MissingRequiredClientCapabilityError(NEEDED)
  return Response.json({ jsonrpc: "2.0", id: property(body, "id"), error: { code, message, data } }, { status: 400 })
}

const addTools = (server: McpServer, tasks: Tasks): void => {
  for (const [name, call] of Object.entries(TASK_TOOLS)) {
    server.registerTool(name, { description: "Begins a task" }, (context) => {
      requireTasks(context)
      return call(tasks, context)
    })
  }
  server.registerTool(
    "greet",
    { description: "Greets at once", inputSchema: z.object({ name: z.string() }) },
    ({ name }) => done(`Hello, ${name}!`)
  )
  const seconds = z.number().min(0).max(60)
  server.registerTool(
    "slow_compute",
    { description: "Takes its time, as a task where tasks are known", inputSchema: z.object({ seconds }) },
    (given, context) => {
      const run = compute(given.seconds)
      return knowsTasks(context) ? started(tasks, run) : run(waited)
    }
  )
}

const PARAMS = { params: z.looseObject({ taskId: z.string() }) }

const known = <A>(found: A | undefined | false): A => {
  if (found === undefined || found === false)
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, "There is no such task")
  return found
}

/** Adds the tools, and `tasks/get`, `tasks/update` and `tasks/cancel`. */
export const addTaskTools = (server: McpServer, tasks: Tasks): void => {
  addTools(server, tasks)
  server.server.setRequestHandler("tasks/get", PARAMS, ({ taskId }, context) => {
    requireTasks(context)
    return { ...known(tasks.get(taskId)) }
  })
  server.server.setRequestHandler("tasks/update", PARAMS, ({ taskId }, context) => {
    requireTasks(context)
    known(tasks.answer(taskId, context.mcpReq.inputResponses ?? {}))
    return {}
  })
  server.server.setRequestHandler("tasks/cancel", PARAMS, ({ taskId }, context) => {
    requireTasks(context)
    known(tasks.cancel(taskId))
    return {}
  })
}
