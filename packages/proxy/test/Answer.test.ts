import { describe, expect, it } from "@effect/vitest"
import { readHead } from "../src/Answer.ts"

describe("readHead", () => {
  const kindOf = (type: string) =>
    readHead({
      status: 200,
      headers: { "content-type": type },
      whole: new Uint8Array(2),
      read: () => Promise.resolve(undefined),
      take: () => undefined,
      cancel: () => undefined
    }).kind

  it.each([
    ["application/json", "json"],
    ["application/json; charset=utf-8", "json"],
    ["text/event-stream;charset=utf-8", "events"],
    ["application/json;x=y, text/html", "other"],
    ["text/event-stream;x=y, text/html", "other"],
    ["application/jsonp", "other"]
  ])("%s is %s: a browser takes the last of several types", (type, kind) => {
    expect(kindOf(type)).toBe(kind)
  })
})
