import { assert, describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { editText, editValue, type JsonEdit } from "../src/JsonEdit.ts"
import { countKeys } from "../src/JsonText.ts"
import { gaps, json, type Json, write } from "./arbitraries.ts"

const without = (...indexes: ReadonlyArray<number>): JsonEdit => ({ _tag: "Without", indexes })
const members = (edits: Readonly<Record<string, JsonEdit>>): JsonEdit => ({
  _tag: "Members",
  edits: new Map(Object.entries(edits))
})
const elements = (...edits: ReadonlyArray<readonly [number, JsonEdit]>): JsonEdit => ({
  _tag: "Elements",
  edits: new Map(edits)
})
const replace = (value: string): JsonEdit => ({ _tag: "Replace", value })
const refuse: JsonEdit = { _tag: "Refuse", code: -1, message: 'no "x"' }

const edited = (text: string, edit: JsonEdit): string | undefined =>
  editText(text, edit, countKeys(JSON.parse(text), 512))

/** Some edit for the value: what fits it, what it has not, and sometimes what does not fit. */
const editFor = (value: Json, pick: () => number): JsonEdit => {
  const kind = pick() % 8
  if (kind === 0) return replace('"\\\n😀')
  if (kind === 1) return refuse
  if (kind === 2) return without(0, 7)
  if (typeof value !== "object" || value === null) return pick() % 2 === 0 ? members({ a: refuse }) : replace("")
  const some = Object.entries(value).filter(() => pick() % 2 === 0)
  if (!Array.isArray(value)) {
    return { _tag: "Members", edits: new Map([["not there", refuse], ...editsOf(some, pick)]) }
  }
  if (kind < 5) return without(...some.map(([key]) => Number(key)), value.length)
  return elements(...editsOf(some, pick).map(([key, edit]) => [Number(key), edit] as const))
}

const editsOf = (entries: ReadonlyArray<readonly [string, Json]>, pick: () => number) =>
  entries.map(([key, value]) => [key, editFor(value, pick)] as const)

const picks = fc.array(fc.nat(), { minLength: 1, maxLength: 30 }).map((list) => {
  let next = 0
  return () => list[next++ % list.length] ?? 0
})

describe("editText and editValue (design §6: lists and calls agree)", () => {
  it("make the same of any message, however it is spaced", () => {
    fc.assert(
      fc.property(json, gaps, picks, (value, gap, pick) => {
        const { text, members: keys } = write(value, gap)
        const edit = editFor(value, pick)
        const before = JSON.parse(text)
        const expected = editValue(before, edit)
        const out = editText(text, edit, keys)
        assert(out !== undefined, text)
        // Written again: tells keys called __proto__ and the order of keys, too.
        expect(JSON.stringify(JSON.parse(out))).toBe(JSON.stringify(expected))
        expect(JSON.stringify(before)).toBe(JSON.stringify(JSON.parse(text)))
      }),
      { numRuns: 1_000 }
    )
  })

  it("W-44: a text that holds some key twice is not edited", () => {
    fc.assert(
      fc.property(json, gaps, picks, fc.nat(20), (value, gap, pick, twice) => {
        const { text, members: written } = write(value, gap, twice)
        fc.pre(twice < written)
        expect(edited(text, editFor(value, pick))).toBeUndefined()
      })
    )
    expect(edited('{"a":[1],"\\u0061":[1]}', members({ a: without(0) }))).toBeUndefined()
    expect(edited('{"a":[{"b":1,"b":2}]}', members({ a: without(0) }))).toBeUndefined()
  })

  it("what is not edited is the same by reference", () => {
    const value = { a: [{}, {}], b: {} }
    const out = Object(editValue(value, members({ a: without(0) })))
    expect(out.a[0]).toBe(value.a[1])
    expect(out.b).toBe(value.b)
  })
})

describe("editText (design §4.3: never re-encode what need not change)", () => {
  it("takes one comma with each element, and leaves the rest as it is spaced", () => {
    const list = "[ 1.0 ,\n 2e1 ,\t3 , -0 ]"
    expect(edited(list, without(0))).toBe("[ 2e1 ,\t3 , -0 ]")
    expect(edited(list, without(1))).toBe("[ 1.0  ,\t3 , -0 ]")
    expect(edited(list, without(3))).toBe("[ 1.0 ,\n 2e1 ,\t3  ]")
    expect(edited(list, without(0, 1))).toBe("[ 3 , -0 ]")
    expect(edited(list, without(1, 2))).toBe("[ 1.0  , -0 ]")
    expect(edited(list, without(2, 3))).toBe("[ 1.0 ,\n 2e1  ]")
    expect(edited(list, without(0, 2))).toBe("[ 2e1  , -0 ]")
    expect(edited(list, without(1, 3))).toBe("[ 1.0  ,\t3  ]")
    expect(edited(list, without(0, 1, 2, 3))).toBe("[  ]")
    expect(edited('["a]","b"]', without(0))).toBe('["b"]')
  })

  it("an indented list stays an indented list", () => {
    const text = JSON.stringify({ a: [{ b: 1 }, { b: 2 }, { b: 3 }] }, null, 2)
    for (const i of [0, 1, 2]) {
      expect(edited(text, members({ a: without(i) }))).toBe(
        JSON.stringify({ a: [{ b: 1 }, { b: 2 }, { b: 3 }].filter((_, j) => i !== j) }, null, 2)
      )
    }
  })

  it("numbers, escapes, spaces and the order of keys stay their sender's", () => {
    const head = ' {"10":1.0,"2":12345678901234567890, "\\u0061":"\\/\\ud800","r":'
    const tail = ',"z":1e400,"y":[-0,0.10],"":"\u2028"}\r\n'
    expect(edited(`${head}[{"x":"}"},1E+2]${tail}`, members({ r: without(0) }))).toBe(`${head}[1E+2]${tail}`)
    expect(edited(`${head}"public"${tail}`, members({ r: replace("private") }))).toBe(`${head}"private"${tail}`)
    expect(edited(`${head}[5]${tail}`, members({ a: replace("é") }))).toBe(
      `${head.replace('"\\/\\ud800"', '"é"')}[5]${tail}`
    )
  })

  it("an error in place of a message has that message's id, to the last digit", () => {
    const error = '"error":{"code":-1,"message":"no \\"x\\""}}'
    const refused = (text: string) => edited(text, refuse)
    expect(refused(' {"result":{"id":1}, "id" : 12345678901234567890 }')).toBe(
      ` {"jsonrpc":"2.0","id":12345678901234567890,${error}`
    )
    expect(refused('{"\\u0069d":"\\u0061"}')).toBe(`{"jsonrpc":"2.0","id":"\\u0061",${error}`)
    expect(refused("[[1]]")).toBe(`{"jsonrpc":"2.0","id":null,${error}`)
    expect(edited('[{"id":1.0} , {"id":7.0} ]', elements([0, refuse]))).toBe(
      `[{"jsonrpc":"2.0","id":1.0,${error} , {"id":7.0} ]`
    )
  })

  it("an edit that does not fit leaves every byte", () => {
    const misfits = [
      without(2),
      members({ x: refuse }),
      elements([9, refuse]),
      elements([0, without(0)], [1, members({ b: refuse })])
    ]
    for (const text of ['[ {"a":1.0}, "x" ]', " 1.0 ", '"[1,2]"', "[ ]", "{ }", "null", "[[],{}]"]) {
      for (const edit of misfits) expect(edited(text, edit)).toBe(text)
    }
  })

  it("costs time in proportion to the length: no text is searched twice", () => {
    // Each of these would take minutes if looked through once per quote, backslash or element.
    for (const part of ["\\\\".repeat(1_000_000), '\\"'.repeat(1_000_000), "[{".repeat(1_000_000)]) {
      expect(edited(`["${part}",1]`, without(1))).toBe(`["${part}"]`)
    }
    const many = Array.from({ length: 200_000 }, (_, i) => i)
    const odd = many.filter((i) => i % 2 === 1)
    expect(edited(JSON.stringify(many), without(0))).toBe(JSON.stringify(many.slice(1)))
    expect(edited(JSON.stringify(many), { _tag: "Without", indexes: odd })).toBe(
      JSON.stringify(many.filter((i) => i % 2 === 0))
    )
  })

  it("a text that is no JSON ends the walk as well", () => {
    for (const text of [
      "",
      "{",
      "[",
      '{"a',
      '{"a"',
      '{"a":',
      "[1",
      "[1,",
      '["',
      '["\\',
      '{"a":[1,}',
      "]",
      ",",
      '{"r":"\\"'
    ]) {
      for (const edit of [without(0), members({ a: without(0) }), refuse, replace("")]) {
        expect(() => editText(text, edit, 0)).not.toThrow()
      }
    }
  })
})
