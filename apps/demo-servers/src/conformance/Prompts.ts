/** Prompts of the conformance server: plain, with arguments, with contents of other kinds, and one that asks first. */
import {
  type ContentBlock,
  type GetPromptResult,
  inputRequired,
  type McpServer,
  type ServerContext
} from "@modelcontextprotocol/server"
import * as z from "zod"
import { field, textField } from "./Questions.ts"
import { embedded, image, text } from "./Samples.ts"

const messages = (...contents: ReadonlyArray<ContentBlock>): GetPromptResult => ({
  messages: contents.map((content) => ({ role: "user", content }))
})

/** The library hands a prompt without arguments its context as the only one, which its types do not say. */
const isContext = (value: unknown): value is ServerContext =>
  typeof value === "object" && value !== null && "mcpReq" in value

const asking = (context: unknown) => {
  const responses = isContext(context) ? context.mcpReq.inputResponses : undefined
  const given = textField(responses, "user_context", "context")
  return given === undefined
    ? inputRequired({ inputRequests: { user_context: field("In which context?", "context") } })
    : messages(text(`In the context of ${given}`))
}

export const addPrompts = (server: McpServer): void => {
  server.registerPrompt("test_simple_prompt", { description: "Plain words" }, () => messages(text("plain words")))
  server.registerPrompt("test_prompt_with_image", { description: "Holds an image" }, () =>
    messages(image, text("what is this?"))
  )
  server.registerPrompt(
    "test_prompt_with_arguments",
    { description: "Repeats its arguments", argsSchema: z.object({ arg1: z.string(), arg2: z.string() }) },
    ({ arg1, arg2 }) => messages(text(`arg1 is ${arg1}, arg2 is ${arg2}`))
  )
  server.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "Holds a resource", argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => messages(embedded(resourceUri), text("what is this?"))
  )
  server.registerPrompt("test_input_required_result_prompt", { description: "Asks before it answers" }, asking)
}
