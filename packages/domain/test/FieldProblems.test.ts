/** What is said of input that a schema refused: each field once, all that it may hold, in words. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { assert, describe, it } from "vitest"
import { fieldProblems } from "../src/FieldProblems.ts"

const Sample = Schema.Struct({
  scheme: Schema.optionalWith(Schema.Union(Schema.Literal("none", "bearer", "client"), Schema.Literal("")), {
    exact: true
  }),
  kinds: Schema.optional(Schema.Array(Schema.Literal("a", "b"))),
  texts: Schema.optional(Schema.Array(Schema.NonEmptyString.pipe(Schema.maxLength(256)))),
  many: Schema.optional(Schema.Array(Schema.String).pipe(Schema.minItems(1), Schema.maxItems(3))),
  limit: Schema.optional(Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 1000))),
  every: Schema.optional(Schema.Int.pipe(Schema.greaterThanOrEqualTo(60))),
  name: Schema.optional(Schema.String),
  filled: Schema.optional(Schema.NonEmptyString),
  own: Schema.optional(Schema.String.pipe(Schema.filter((text) => text === "x" || "must be x"))),
  message: Schema.optional(Schema.String.annotations({ message: () => "it must be a path" })),
  address: Schema.optional(
    Schema.Union(
      Schema.String.pipe(Schema.filter((text) => text.startsWith("http") || "must begin with http")),
      Schema.Literal("")
    )
  ),
  on: Schema.optional(Schema.BooleanFromString),
  inner: Schema.optional(Schema.Struct({ stars: Schema.Int.pipe(Schema.between(1, 5)) }))
})

const decode = Schema.decodeUnknownEither(Sample, { errors: "all", onExcessProperty: "error" })

const said = (input: unknown): Readonly<Record<string, string>> => {
  const decoded = decode(input)
  if (Either.isRight(decoded)) return {}
  return Object.fromEntries(fieldProblems(decoded.left).map(({ expected, path }) => [path.join("."), expected]))
}

describe("FieldProblems", () => {
  const CASES: ReadonlyArray<readonly [input: object, path: string, expected: string]> = [
    [{ scheme: "nonesuch" }, "scheme", 'it must be "none", "bearer", "client" or ""'],
    [{ kinds: ["c"] }, "kinds.0", 'it must be "a" or "b"'],
    [{ kinds: 1 }, "kinds", 'it must be a list of "a" or "b"'],
    [{ texts: "x" }, "texts", "it must be a list of texts of 1 to 256 characters"],
    [{ texts: [""] }, "texts.0", "it must be a text of 1 to 256 characters"],
    [{ texts: [1] }, "texts.0", "it must be a text of 1 to 256 characters"],
    [{ many: [] }, "many", "it must be a list of 1 to 3 texts"],
    [{ limit: "x" }, "limit", "it must be an integer from 1 to 1000"],
    [{ limit: "0" }, "limit", "it must be an integer from 1 to 1000"],
    [{ limit: "1.5" }, "limit", "it must be an integer from 1 to 1000"],
    [{ every: 5 }, "every", "it must be an integer of 60 or more"],
    [{ name: 1 }, "name", "it must be a text"],
    [{ filled: "" }, "filled", "it must be a text that is not empty"],
    [{ own: "y" }, "own", "must be x"],
    [{ own: 1 }, "own", "it must be a text"],
    [{ message: 1 }, "message", "it must be a path"],
    [{ address: "ftp://x" }, "address", "must begin with http"],
    [{ on: "x" }, "on", "it must be true or false"],
    [{ inner: {} }, "inner.stars", "it is needed"],
    [{ inner: { stars: 6 } }, "inner.stars", "it must be an integer from 1 to 5"],
    [{ inner: 1 }, "inner", "it must be an object"],
    [{ inner: { stars: 1, moons: 2, suns: 3 } }, "inner.moons", "it may be stars"]
  ]
  for (const [input, path, expected] of CASES)
    it(JSON.stringify(input), () => assert.strictEqual(said(input)[path], expected, JSON.stringify(said(input))))

  it("every field is named once", () => {
    const wrong = said({ scheme: 1, kinds: ["c", "d"], texts: 1, limit: "x", inner: 1 })
    assert.deepStrictEqual(Object.keys(wrong), ["scheme", "kinds.0", "kinds.1", "texts", "limit", "inner"])
  })
})
