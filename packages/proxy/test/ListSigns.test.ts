import { assert, describe, it } from "@effect/vitest"
import { fromRules } from "@mcpgw/policy/Library"
import * as fc from "fast-check"
import { filterEvents, type Seen } from "../src/ListFilter.ts"
import { isPlain, mayAsk, MAY_MATTER, mayMatter, settles } from "../src/ListSigns.ts"
import { relayEvents } from "../src/StreamRelay.ts"
import { RULES } from "./support/Call.ts"
import { bodyOf, bytesOf, cutAt, recorded, textOf, viewerOf } from "./support/Streams.ts"

/** Pieces of all that is looked for, so that whole signs, halves of signs and none come about. */
const PIECES =
  '"tool s " "prompts "res ource ult rror E "error" \\ u \\u0074 id: "id" "method" \n \r \r\n data: : { é 😀 \u0000'.split(
    " "
  )
const piece = fc.constantFrom(...PIECES, "x".repeat(30))
/** What is looked for may stand anywhere in a large block. */
const padding = fc.constantFrom("", "y".repeat(400))
const block = fc
  .tuple(padding, fc.array(piece, { maxLength: 12 }), padding)
  .map(([before, pieces, after]) => bytesOf(before + pieces.join("") + after))

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1")

/** What the searches are short for, written as plainly as can be. */
const plainly = (text: string) => ({
  matters: /rror"|\\u/.test(text) || (text.includes('"result"') && MAY_MATTER.test(text)),
  answers: /"result"|"error"/.test(text),
  resumes: /(?:^|[\r\n])id:/.test(text),
  asks: text.includes('"method"') && text.includes('"id"')
})

const SIGNS = ["matters", "answers", "resumes", "asks"] as const

describe("design §6, lists and calls agree: signs in bytes", () => {
  it("are found where a search of the text finds them, and nowhere else", () => {
    const seen = { matters: 0, answers: 0, resumes: 0, asks: 0 }
    fc.assert(
      fc.property(block, (bytes) => {
        const expected = plainly(latin1(bytes))
        assert.strictEqual(mayMatter(bytes), expected.matters)
        assert.strictEqual(settles(bytes, false), expected.answers || expected.resumes)
        assert.strictEqual(settles(bytes, true), expected.answers)
        assert.strictEqual(mayAsk(bytes), expected.asks)
        for (const sign of SIGNS) seen[sign] += Number(expected[sign])
      }),
      { numRuns: 3_000 }
    )
    for (const sign of SIGNS) assert.isAbove(seen[sign], 50, sign)
  })

  it("a block called plain has none of those that will be asked for", () => {
    let plain = 0
    fc.assert(
      fc.property(block, fc.boolean(), fc.boolean(), (bytes, awaited, modern) => {
        if (!isPlain(bytes, awaited, modern)) return
        plain++
        const { matters, asks } = plainly(latin1(bytes))
        assert.deepEqual([matters, awaited && settles(bytes, modern), modern && asks], [false, false, false])
      }),
      { numRuns: 3_000 }
    )
    assert.isAbove(plain, 300)
  })

  it("what most events are is plain, so that nothing more is done with them", () => {
    const progress = {
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progressToken: 7, message: 'a "word"\n' }
    }
    const event = bytesOf(`event: message\ndata: ${JSON.stringify(progress)}\n\n`)
    for (const awaited of [true, false])
      for (const modern of [true, false]) assert.isTrue(isPlain(event, awaited, modern))
  })
})

const policy = fromRules(RULES)
const some = viewerOf(policy, "some")

/** A letter as it stands, or as one of its escapes. */
const letter = (char: string): fc.Arbitrary<string> => {
  const code = char.charCodeAt(0).toString(16).padStart(4, "0")
  return fc.constantFrom(char, char, `\\u${code}`, `\\u${code.toUpperCase()}`)
}
const spelt = (key: string): fc.Arbitrary<string> =>
  fc.tuple(...[...key].map(letter)).map((letters) => `"${letters.join("")}"`)

const KEYS = {
  tools: '{"name":"hidden"}',
  prompts: '{"name":"hidden"}',
  resources: '{"uri":"file:///hidden","name":"hidden"}',
  resourceTemplates: '{"uriTemplate":"file:///hidden","name":"hidden"}'
} as const

const lineEnd = fc.constantFrom("\n", "\r", "\r\n")
const around = fc.constantFrom("", ": note", "id: 7", "event: message", "retry: 5")

/** One event with a list nobody may see, its keys spelt in any way, its data on one line or several, its lines ended in any way. */
const hiding = fc
  .constantFrom<keyof typeof KEYS>("tools", "prompts", "resources", "resourceTemplates")
  .chain((key) => fc.tuple(spelt("result"), spelt(key), fc.constant(KEYS[key]), lineEnd, around, fc.boolean()))
  .map(([result, list, entry, end, line, split]) => {
    const gap = split ? `${end}data: ` : ""
    const data = `{"jsonrpc":"2.0",${gap}"id":1,${gap}${result}:${gap}{${gap}${list}:${gap}[${entry}${gap}]}}`
    return `${line === "" ? "" : `${line}${end}`}data: ${data}${end}${end}`
  })

describe("design §6, lists and calls agree: no spelling and no cut hides a list", () => {
  it("keys escaped in any way, data on several lines, CR, LF and CRLF", () => {
    fc.assert(
      fc.property(hiding, fc.boolean(), fc.constantFrom("", "\uFEFF"), (event, modern, mark) => {
        const text = mark + event
        const seen: Seen = { failure: undefined, answered: false }
        const out = Buffer.from(filterEvents({ ...some, modern }, bytesOf(text), seen)).toString()
        assert.notInclude(out, "hidden")
      }),
      { numRuns: 1_000 }
    )
  })

  it("cut anywhere, into halves of keys and escapes and between the two line ends", () =>
    fc.assert(
      fc.asyncProperty(hiding, hiding, fc.array(fc.nat(), { maxLength: 30 }), async (one, two, cuts) => {
        const body = bodyOf(cutAt(bytesOf(one + two), cuts))
        assert.notInclude(await textOf(relayEvents(body, some, 1, 1 << 20, recorded().options)), "hidden")
      }),
      { numRuns: 300 }
    ))
})
