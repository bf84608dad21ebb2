/** What the asking tools ask of the client: forms, a completion, its roots; and how its answers are read. Pure. */
import { acceptedContent, inputRequired, type InputRequest } from "@modelcontextprotocol/server"

type Form = Parameters<typeof inputRequired.elicit>[0]["requestedSchema"]

export const form = (message: string, requestedSchema: Form): InputRequest =>
  inputRequired.elicit({ message, requestedSchema })

/** A form of one required field. */
export const field = (message: string, name: string, type: "string" | "boolean" = "string"): InputRequest =>
  form(message, {
    type: "object",
    properties: { [name]: type === "string" ? { type } : { type } },
    required: [name]
  })

export const completion = (words: string): InputRequest =>
  inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: words } }],
    maxTokens: 100
  })

export const roots = (): InputRequest => inputRequired.listRoots()

/** What the client answered, by the key of the question; not checked by anybody yet. */
export type Responses = Readonly<Record<string, unknown>> | undefined

/** The field of an accepted form; undefined when it was declined, left out or is of another type. */
export const textField = (responses: Responses, key: string, name: string): string | undefined => {
  const value = acceptedContent(responses, key)?.[name]
  return typeof value === "string" ? value : undefined
}

/** The text of a completion. */
export const completed = (responses: Responses, key: string): string | undefined => {
  const content = property(responses?.[key], "content")
  const words = property(Array.isArray(content) ? content[0] : content, "text")
  return typeof words === "string" ? words : undefined
}

/** How many roots the client named. */
export const rootCount = (responses: Responses, key: string): number | undefined => {
  const found = property(responses?.[key], "roots")
  return Array.isArray(found) ? found.length : undefined
}

/** A member of something unknown. */
export const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

/** A default for each primitive type (SEP-1034). */
export const DEFAULTS: Form = {
  type: "object",
  properties: {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true }
  }
}

const OPTIONS = ["option1", "option2", "option3"]
const TITLED = ["value1", "value2", "value3"].map((value, at) => ({ const: value, title: `Choice ${at + 1}` }))

/** The five ways to write a choice (SEP-1330). */
export const CHOICES: Form = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: OPTIONS },
    titledSingle: { type: "string", oneOf: TITLED },
    legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["One", "Two", "Three"] },
    untitledMulti: { type: "array", items: { type: "string", enum: OPTIONS } },
    titledMulti: { type: "array", items: { anyOf: TITLED } }
  }
}
