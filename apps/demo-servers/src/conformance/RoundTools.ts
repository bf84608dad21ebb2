/** Tools that ask over several rounds, ask for several things at once, or carry a sealed state from one round to the next (2026-07-28). */
import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequests,
  type InputRequiredResult,
  type McpServer,
  type RequestStateCodec,
  type ServerContext
} from "@modelcontextprotocol/server"
import { completed, completion, field, property, rootCount, roots, textField } from "./Questions.ts"
import { text } from "./Samples.ts"

/** What a tool remembers between rounds: it travels with the client, sealed. */
export interface Remembered {
  readonly round: number
  readonly name?: string
}

type Answer = CallToolResult | InputRequiredResult
type Seal = RequestStateCodec<Remembered>["mint"]

const done = (words: string): CallToolResult => ({ content: [text(words)] })

const askName = () => field("What is your name?", "name")

const confirmed =
  (seal: Seal) =>
  async ({ mcpReq }: ServerContext): Promise<Answer> =>
    acceptedContent(mcpReq.inputResponses, "confirm") !== undefined && mcpReq.requestState<Remembered>() !== undefined
      ? done("state-ok: confirmed")
      : inputRequired({
          inputRequests: { confirm: field("Go on?", "ok", "boolean") },
          requestState: await seal({ round: 1 })
        })

const severalAtOnce =
  (seal: Seal) =>
  async ({ mcpReq: { inputResponses } }: ServerContext): Promise<Answer> => {
    const name = textField(inputResponses, "user_name", "name")
    const greeting = completed(inputResponses, "greeting")
    const count = rootCount(inputResponses, "client_roots")
    if (name !== undefined && greeting !== undefined && count !== undefined)
      return done(`${greeting}, ${name}: ${count}`)
    return inputRequired({
      inputRequests: { user_name: askName(), greeting: completion("Greet someone"), client_roots: roots() },
      requestState: await seal({ round: 1 })
    })
  }

const twoRounds =
  (seal: Seal) =>
  async ({ mcpReq }: ServerContext): Promise<Answer> => {
    const { round, name } = mcpReq.requestState<Remembered>() ?? { round: 0 }
    const given = textField(mcpReq.inputResponses, "step1", "name") ?? name
    const color = textField(mcpReq.inputResponses, "step2", "color")
    if (round === 2 && color !== undefined) return done(`${given ?? "somebody"} likes ${color}`)
    if (round === 0 || given === undefined) {
      return inputRequired({ inputRequests: { step1: askName() }, requestState: await seal({ round: 1 }) })
    }
    const inputRequests = { step2: field("Which colour do you like?", "color") }
    return inputRequired({ inputRequests, requestState: await seal({ round: 2, name: given }) })
  }

/** Asks only what the request says the client can answer. */
const withinCapabilities = ({ mcpReq: { envelope, inputResponses } }: ServerContext): Answer => {
  if (inputResponses !== undefined) return done("answered")
  const declared = property(envelope, CLIENT_CAPABILITIES_META_KEY)
  const can = (capability: string): boolean => property(declared, capability) !== undefined
  const inputRequests: InputRequests = {
    ...(!can("elicitation") ? {} : { user_name: askName() }),
    ...(!can("sampling") ? {} : { greeting: completion("Greet someone") }),
    ...(!can("roots") ? {} : { client_roots: roots() })
  }
  return Object.keys(inputRequests).length === 0 ? done("nothing can be asked") : inputRequired({ inputRequests })
}

export const addRoundTools = (server: McpServer, seal: Seal): void => {
  const add = (name: string, description: string, call: (context: ServerContext) => Answer | Promise<Answer>) =>
    server.registerTool(`test_input_required_result_${name}`, { description }, call)
  add("request_state", "Asks for a confirmation and wants its state back", confirmed(seal))
  add("tampered_state", "Refuses a state that was changed", confirmed(seal))
  add("multiple_inputs", "Asks for a name, a greeting and roots at once", severalAtOnce(seal))
  add("multi_round", "Asks for a name, then for a colour", twoRounds(seal))
  add("capabilities", "Asks only what the client can answer", withinCapabilities)
}
