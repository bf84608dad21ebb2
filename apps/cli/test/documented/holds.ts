/** Compares a JSON value with what it must hold. Pure. */

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** At a dotted place; the value itself at the empty one. */
export const valueAt = (value: unknown, place: string): unknown =>
  place === "" ? value : place.split(".").reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), value)

/**
 * What of `expected` is not in `actual`, by place. Members and elements that are not named are left aside; a pattern is held against the text of a
 * value, and a list of texts must be the same.
 */
export const missingIn = (actual: unknown, expected: unknown, place = "body"): ReadonlyArray<string> => {
  if (expected instanceof RegExp) {
    return actual !== undefined && expected.test(String(actual)) ? [] : [`${place}: ${String(actual)}`]
  }
  if (Array.isArray(expected) && expected.length > 0 && expected.every(isObject)) {
    const elements: ReadonlyArray<unknown> = Array.isArray(actual) ? actual : []
    return expected.flatMap((one, i) =>
      elements.some((element) => missingIn(element, one).length === 0) ? [] : [`${place}.${i}: none like it`]
    )
  }
  if (isObject(expected)) {
    return Object.entries(expected).flatMap(([key, value]) =>
      missingIn(isObject(actual) ? actual[key] : undefined, value, `${place}.${key}`)
    )
  }
  return JSON.stringify(actual) === JSON.stringify(expected) ? [] : [`${place}: ${JSON.stringify(actual)}`]
}
