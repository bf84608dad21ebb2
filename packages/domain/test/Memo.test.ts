import { assert, describe, it } from "@effect/vitest"
import { Memo } from "../src/Memo.ts"

describe("Memo", () => {
  it("remembers of each object what was set last, and tells memos apart", () => {
    const [names, ages] = [new Memo<object, string>(), new Memo<object, number>()]
    const [one, other] = [{}, {}]
    names.set(one, "Ada")
    names.set(one, "Grace")
    ages.set(one, 85)
    assert.deepEqual([names.get(one), ages.get(one)], ["Grace", 85])
    assert.deepEqual([names.get(other), ages.has(other)], [undefined, false])
    assert.isTrue(names.has(one))
  })

  it("design §6: is no part of the object: neither a copy nor one that inherits from it has it, nothing lists it", () => {
    const memo = new Memo<object, string>()
    const claims = { subject: "ada" }
    memo.set(claims, "principal")
    assert.isUndefined(memo.get({ ...claims }))
    assert.isUndefined(memo.get(Object.assign({}, claims)))
    assert.isUndefined(memo.get(structuredClone(claims)))
    assert.isUndefined(memo.get(Object.create(claims)))
    assert.deepEqual(Object.keys(claims), ["subject"])
    assert.strictEqual(JSON.stringify(claims), '{"subject":"ada"}')
    assert.deepEqual(claims, { subject: "ada" })
  })

  it("remembers of an object that takes no properties, too", () => {
    const memo = new Memo<object, number>()
    const frozen = Object.freeze({})
    memo.set(frozen, 1)
    memo.set(frozen, 2)
    assert.strictEqual(memo.get(frozen), 2)
    const later = {}
    memo.set(later, 3)
    Object.freeze(later)
    assert.strictEqual(memo.get(later), 3)
    assert.isUndefined(memo.get(Object.freeze({})))
  })
})
