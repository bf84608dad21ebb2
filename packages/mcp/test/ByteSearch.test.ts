import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { holds, indexOfBytes, lastIndexOfBytes, needle } from "../src/ByteSearch.ts"

const byte = fc.constantFrom(0x61, 0x62, 0x22, 0xc3, 0xa9, 0x00)
const bytes = fc.array(byte, { maxLength: 40 })
const wanted = fc.array(byte, { minLength: 1, maxLength: 4 })

/** In the middle of a larger buffer: a search must not see what is beside. */
const within = (own: ReadonlyArray<number>, beside: ReadonlyArray<number>): Uint8Array => {
  const all = Uint8Array.from([...beside, ...own, ...beside])
  return all.subarray(beside.length, beside.length + own.length)
}

describe("search in bytes", () => {
  it("finds what a search of the same characters finds, in an array and in a Buffer, and nothing beside them", () => {
    fc.assert(
      fc.property(bytes, wanted, fc.nat({ max: 45 }), (own, look, from) => {
        const text = String.fromCharCode(...own)
        const sought = String.fromCharCode(...look)
        const array = within(own, look)
        for (const searched of [array, Buffer.from(array.buffer, array.byteOffset, array.byteLength)]) {
          assert.strictEqual(indexOfBytes(searched, needle(sought)), text.indexOf(sought))
          if (from < own.length)
            assert.strictEqual(indexOfBytes(searched, needle(sought), from), text.indexOf(sought, from))
          assert.strictEqual(lastIndexOfBytes(searched, needle(sought)), text.lastIndexOf(sought))
          assert.strictEqual(holds(searched, needle(sought)), text.includes(sought))
        }
      }),
      { numRuns: 1_000 }
    )
  })
})
