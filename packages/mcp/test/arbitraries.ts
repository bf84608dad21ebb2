/** Inputs the tests of this package share: JSON texts with free whitespace and free spelling of keys. */
import * as fc from "fast-check"

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

const isList = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

const key: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom("__proto__", "constructor", "toString", "a:b", '"', "\\", "0")
)

/** Any JSON value; keys include `__proto__` and its like. */
export const json: fc.Arbitrary<Json> = fc.letrec<{ readonly value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Json>(null, true, false),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: "binary" }),
    fc.constantFrom('"', "\\", '\\"', "a:b", "{:}", "\\\\", "\u2028"),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true })
  )
})).value

const space = fc.constantFrom("", "", "", " ", "\n", "\t", "\r\n  ")

/** A key or text spelt with escapes here and there; means the same. */
export const spell = (text: string, escape: (index: number) => boolean): string =>
  `"${[...text.split("").entries()]
    .map(([i, unit]) =>
      escape(i) ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}` : JSON.stringify(unit).slice(1, -1)
    )
    .join("")}"`

/** Writes `value` with whitespace from `gap`; with `twice`, that member (by order of appearance) stands there two times. */
export const write = (value: Json, gap: () => string, twice = -1, spelt: (text: string) => string = JSON.stringify) => {
  let members = 0
  const text = (one: Json): string => {
    if (typeof one !== "object" || one === null) return JSON.stringify(one)
    if (isList(one)) return `[${gap()}${one.map((item) => text(item) + gap()).join(`,${gap()}`)}]`
    const parts = Object.entries(one).flatMap(([name, item]) => {
      const member = (written: string) => `${written}${gap()}:${gap()}${text(item)}${gap()}`
      const again = members++ === twice
      const first = member(JSON.stringify(name))
      return again ? [first, member(spelt(name))] : [first]
    })
    return `{${gap()}${parts.join(`,${gap()}`)}}`
  }
  const written = gap() + text(value) + gap()
  return { text: written, members }
}

/** A whitespace source drawn from a seed array. */
export const gaps: fc.Arbitrary<() => string> = fc.array(space, { minLength: 1, maxLength: 20 }).map((spaces) => {
  let next = 0
  return () => spaces[next++ % spaces.length] ?? ""
})
