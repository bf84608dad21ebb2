/**
 * Tools that ask the client once and then answer. They are written in the newer era's way, as a result that requires input; towards older
 * clients the library turns that into requests of the server's own.
 */
import {
  type CallToolResult,
  type InputRequest,
  inputRequired,
  type InputRequiredResult,
  type McpServer
} from "@modelcontextprotocol/server"
import * as z from "zod"
import {
  CHOICES,
  completed,
  completion,
  DEFAULTS,
  field,
  form,
  type Responses,
  rootCount,
  roots,
  textField
} from "./Questions.ts"
import { text } from "./Samples.ts"

interface Question {
  readonly description: string
  readonly key: string
  readonly ask: () => InputRequest
  /** What the answer says; undefined asks again. */
  readonly read: (responses: Responses) => string | undefined
}

const whatever =
  (key: string) =>
  (responses: Responses): string | undefined =>
    responses?.[key] === undefined ? undefined : `the client answered ${JSON.stringify(responses[key])}`

const QUESTIONS: Readonly<Record<string, Question>> = {
  test_elicitation_sep1034_defaults: {
    description: "Asks with a form whose fields have defaults",
    key: "review",
    ask: () => form("Look over these", DEFAULTS),
    read: whatever("review")
  },
  test_elicitation_sep1330_enums: {
    description: "Asks with a form of choices",
    key: "choice",
    ask: () => form("Choose", CHOICES),
    read: whatever("choice")
  },
  test_missing_capability: {
    description: "Asks for a completion whether or not the client can give one",
    key: "answer",
    ask: () => completion("Say pong"),
    read: whatever("answer")
  },
  test_input_required_result_elicitation: {
    description: "Asks for a name",
    key: "user_name",
    ask: () => field("What is your name?", "name"),
    read: (responses) => textField(responses, "user_name", "name")
  },
  test_input_required_result_sampling: {
    description: "Asks for a completion",
    key: "capital_question",
    ask: () => completion("What is the capital of France?"),
    read: (responses) => completed(responses, "capital_question")
  },
  test_input_required_result_list_roots: {
    description: "Asks for roots",
    key: "client_roots",
    ask: roots,
    read: (responses) => rootCount(responses, "client_roots")?.toString()
  }
}

const asked = (
  { key, ask, read }: Omit<Question, "description">,
  responses: Responses
): CallToolResult | InputRequiredResult => {
  const answer = read(responses)
  return answer === undefined
    ? inputRequired({ inputRequests: { [key]: ask() } })
    : { content: [text(`Answered: ${answer}`)] }
}

export const addAskingTools = (server: McpServer): void => {
  for (const [name, question] of Object.entries(QUESTIONS)) {
    const { description } = question
    server.registerTool(name, { description }, ({ mcpReq }) => asked(question, mcpReq.inputResponses))
  }
  server.registerTool(
    "test_sampling",
    { description: "Asks for a completion of the prompt", inputSchema: z.object({ prompt: z.string() }) },
    ({ prompt }, { mcpReq }) =>
      asked({ key: "llm", ask: () => completion(prompt), read: whatever("llm") }, mcpReq.inputResponses)
  )
  server.registerTool(
    "test_elicitation",
    { description: "Shows the message and asks for a response", inputSchema: z.object({ message: z.string() }) },
    ({ message }, { mcpReq }) =>
      asked({ key: "user", ask: () => field(message, "response"), read: whatever("user") }, mcpReq.inputResponses)
  )
}
