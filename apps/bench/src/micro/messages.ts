/** The texts the micro benches read: the same ones in every run. Pure. */

const words = "the quick brown fox jumps over the lazy dog while seven wizards box with jugs of liquid".split(" ")

const sentence = (seed: number, length: number): string =>
  Array.from({ length }, (_, i) => words[(seed * 7 + i * 3) % words.length] ?? "").join(" ")

const call = (args: unknown): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 42, method: "tools/call", params: { name: "create_report", arguments: args } })

const record = (i: number) => ({
  id: i,
  title: sentence(i, 6),
  note: `He said: "${sentence(i + 1, 8)}"\nand left.`,
  tags: [words[i % words.length], words[(i * 5) % words.length]],
  score: i / 7,
  open: i % 2 === 0,
  owner: { name: sentence(i + 2, 2), mail: `user${i}@example.com` }
})

const upTo = (bytes: number, make: (n: number) => string): string => {
  let n = 1
  while (make(n + 1).length <= bytes) n++
  return make(n)
}

/** 137 bytes: what most calls look like. */
export const SMALL = call({ city: "Berlin", units: "metric", days: 3 })
/** About 3 kB and 30 kB of records: many keys. */
export const MEDIUM = upTo(3_000, (n) => call({ records: Array.from({ length: n }, (_, i) => record(i)) }))
export const LARGE = upTo(30_000, (n) => call({ records: Array.from({ length: n }, (_, i) => record(i)) }))
/** About 30 kB of prose with line ends: few keys, one long text. */
export const PROSE = upTo(30_000, (n) =>
  call({ text: Array.from({ length: n }, (_, i) => sentence(i, 12)).join("\n") })
)

/** Tools of the list, about 26 kB. */
export const TOOL_NAMES: ReadonlyArray<string> = Array.from({ length: 100 }, (_, i) => `tool_${i}`)

export const TOOL_LIST = JSON.stringify({
  jsonrpc: "2.0",
  id: 7,
  result: {
    tools: TOOL_NAMES.map((name, i) => ({
      name,
      description: `Does thing number ${i} and says what came of it, in a sentence or two.`,
      inputSchema: {
        type: "object",
        properties: { query: { type: "string" }, limit: { type: "integer" }, cursor: { type: "string" } },
        required: ["query"]
      }
    }))
  }
})

const notification = {
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progressToken: 7, progress: 50, total: 100, message: sentence(3, 12) }
}

/** One event as it comes on a stream, about 200 bytes, and its JSON text. */
export const EVENT_DATA = JSON.stringify(notification)
export const EVENT = `event: message\ndata: ${EVENT_DATA}\n\n`
/** An event that holds the list. */
export const LIST_EVENT = `event: message\ndata: ${TOOL_LIST}\n\n`
/** What ends the stream of a call. */
export const ANSWER_EVENT = `event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id: 1, result: { content: [] } })}\n\n`
