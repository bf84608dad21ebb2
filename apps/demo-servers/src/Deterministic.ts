/**
 * Repeatable make-believe: numbers computed from the arguments alone, so that the same call always gets the same answer.
 * Not random in any useful sense; never use it for secrets.
 */

/** A source of numbers in [0, 1); each call moves it on. */
export type Draw = () => number

/** JSON with sorted keys, so that argument order does not change the answer. */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(",")}}`
  }
  return JSON.stringify(value) ?? "null"
}

/** FNV-1a over UTF-16 code units, 32 bits. */
export const hash = (text: string): number => {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return state >>> 0
}

/** Numbers that depend on `seed` alone (mulberry32). */
export const drawFrom = (seed: unknown): Draw => {
  let state = hash(canonical(seed))
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A number in [low, high), rounded to `digits` decimals. */
export const between = (draw: Draw, low: number, high: number, digits = 3): number =>
  Number((low + draw() * (high - low)).toFixed(digits))

/** One of `choices`, which must not be empty. */
export const pick = <A>(draw: Draw, choices: readonly [A, ...ReadonlyArray<A>]): A =>
  choices[Math.floor(draw() * choices.length)] ?? choices[0]
