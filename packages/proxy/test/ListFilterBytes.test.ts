import { assert, describe, expect, it } from "@effect/vitest"
import { fromRules } from "@mcpgw/policy/Library"
import * as fc from "fast-check"
import { filterEvents, filterText, type Viewer } from "../src/ListFilter.ts"
import { RULES } from "./support/Call.ts"
import { listTexts } from "./support/ListTexts.ts"
import { bytesOf, viewerOf } from "./support/Streams.ts"

const policy = fromRules(RULES)
const some = viewerOf(policy, "some")
const all = viewerOf(policy, "all")

/** What leaves, the source itself when it passes as it came. */
const relayed = (text: string, who: Viewer = some): string => {
  const result = filterText(who, text, { failure: undefined })
  assert(result?._tag !== "Unreadable", text)
  return result === undefined ? text : result.text
}

const judged = (text: string, who: Viewer = some) => policy.filterList(who.subject, who.server, JSON.parse(text))

const runs = { numRuns: 500 }

describe("design §4.3: of a filtered list every byte that stays is the server's", () => {
  it("design §6 (lists and calls agree), W-56: the text says what filterList makes of its value", () => {
    let changed = 0
    fc.assert(
      fc.property(listTexts, fc.constantFrom(some, all), ({ text }, who) => {
        const expected = judged(text, who)
        const out = relayed(text, who)
        expect(JSON.parse(out)).toEqual(expected.message)
        // Written again, it tells the order of keys and those called __proto__ too.
        expect(JSON.stringify(JSON.parse(out))).toBe(JSON.stringify(expected.message))
        if (expected.changed) changed++
      }),
      runs
    )
    assert.isAbove(changed, 100, "too little is filtered to tell anything")
  })

  it("every entry that is shown stands there byte for byte, in order, and none that is hidden", () => {
    let shownInAll = 0
    fc.assert(
      fc.property(listTexts, ({ text, shown, hidden }) => {
        const out = relayed(text)
        let from = 0
        for (const entry of shown) {
          const at = out.indexOf(entry, from)
          assert.isAtLeast(at, from)
          from = at + entry.length
        }
        shownInAll += shown.length
        assert.strictEqual(judged(text).hidden, hidden.length)
        assert.isAtMost(out.length, text.length - hidden.join("").length + '"private"'.length * 3)
      }),
      runs
    )
    assert.isAbove(shownInAll, 100, "too little is shown to tell anything")
  })

  it("around the lists nothing changes, and the cuts leave one comma between two entries", () => {
    const head = '{ "2":1.0,"1":12345678901234567890,\n"result": {"\\u0074ools":'
    const tail = ',"x":{"tools":[{"name":"hidden"}]} , "ttlMs":6e4 },"id":1e400,"\\/":"\\ud800"}\n'
    const entry = fc.constantFrom('{"name":"seen", "x":1.0}', '{"name":"hidden"}', '{ "n\\u0061me":"s\\u0065en" }')
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), fc.constantFrom("", " ", "\n  "), (entries, gap) => {
        const write = (list: ReadonlyArray<string>) => `[${gap}${list.join(`,${gap}`)}]`
        const kept = entries.filter((one) => !one.includes("hidden"))
        const expected = kept.length === 0 && entries.length > 0 ? `[${gap}]` : write(kept)
        assert.strictEqual(relayed(`${head}${write(entries)}${tail}`), `${head}${expected}${tail}`)
      }),
      runs
    )
  })

  it("nothing taken out: the very text", () => {
    let same = 0
    fc.assert(
      fc.property(listTexts, fc.constantFrom(some, all), ({ text }, who) => {
        if (judged(text, who).changed) return
        assert.isUndefined(filterText(who, text, { failure: undefined }))
        same++
      }),
      runs
    )
    assert.isAbove(same, 50, "too little passes to tell anything")
  })

  it("W-56: of a list made private only that member's value changes", () => {
    const list = '{"id":1,"result":{"ttlMs":6e4, "cache\\u0053cope" : "public" , "tools":[{"name":"seen","x":1.0}]}}'
    assert.strictEqual(relayed(list, all), list.replace("public", "private"))
    assert.strictEqual(relayed(list.replace('"public"', "{}"), all), list.replace("public", "private"))
    const absent = '{"id":1,"result":{"tools":[{"name":"hidden"}],"x":1.0}}'
    assert.strictEqual(relayed(absent), '{"id":1,"result":{"tools":[],"x":1.0}}')
  })

  it("a refused message of a batch keeps its id, the messages beside it every byte", () => {
    const other = '{"id":1.0,"result":{"x":1.0}}'
    const out = relayed(`[ ${other} ,{"result":{"tools":[{"name":5.0}]},"id":12345678901234567890}, ${other} ]`)
    const error = '"error":{"code":-32603,"message":"The server\'s list could not be read"}}'
    assert.strictEqual(out, `[ ${other} ,{"jsonrpc":"2.0","id":12345678901234567890,${error}, ${other} ]`)
  })

  it("W-44: with a key twice, in an entry or beside, it goes out as it was judged, each key once", () => {
    let tried = 0
    const twice = fc.constantFrom('"x":1.0,"x":2.0', '"\\u0078":[1.0],"x":{"y":1}', '"__proto__":1,"__proto__":2')
    fc.assert(
      fc.property(listTexts, twice, fc.nat(), (list, members, pick) => {
        const places = [...list.text.matchAll(/"jsonrpc":|\{(?=[^{}"]*"(?:name|uri)")/g)]
        const place = places[pick % places.length]
        fc.pre(place !== undefined)
        const at = place[0] === "{" ? place.index + 1 : place.index
        const text = `${list.text.slice(0, at)}${members},${list.text.slice(at)}`
        let message: unknown
        try {
          message = JSON.parse(text)
        } catch {
          // The place was in a string.
          return
        }
        tried++
        assert.strictEqual(relayed(text), JSON.stringify(policy.filterList(some.subject, some.server, message).message))
      }),
      runs
    )
    assert.isAbove(tried, 200, "too few texts have a key twice")
  })
})

describe("design §4.3: on an event stream too", () => {
  it("a list over several lines of data stays over several, the bytes between its entries the server's", () => {
    for (const end of ["\n", "\r\n"]) {
      for (const field of ["data:", "data: "]) {
        const event = (...lines: ReadonlyArray<string>) =>
          `id: 1${end}${lines.map((line) => `${field}${line}${end}`).join("")}: end${end}${end}`
        const start = ['{"id":1.0,"result":{"tools":[', '{"name":"seen","x":1.0}']
        const text = event(...start, ',{"name":"hidden",', '"x":2.0}', "]}}")
        const out = Buffer.from(filterEvents(some, bytesOf(text), { failure: undefined })).toString()
        assert.strictEqual(out, event(...start, "", "]}}"))
      }
    }
  })
})
