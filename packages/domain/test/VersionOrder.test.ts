/** Which version is the latest, and what may be a version. */
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import { compareSemVer, isSemVer, latestOf, versionProblem } from "../src/VersionOrder.ts"

/** SemVer 2.0.0 §11. */
const ORDERED = [
  "0.9.9",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0",
  "1.0.1",
  "1.2.0",
  "1.10.0",
  "2.0.0",
  "99999999999999999999999.0.0"
]

const published = (versions: ReadonlyArray<string>, deleted: ReadonlySet<string> = new Set()) =>
  versions.map((version, i) => ({
    version,
    publishedAt: new Date(i).toISOString(),
    status: deleted.has(version) ? "deleted" : "active"
  }))

describe("R-08: the latest version", () => {
  it("SemVer orders as its §11 says", () => {
    for (const [i, a] of ORDERED.entries()) {
      for (const [j, b] of ORDERED.entries()) assert.strictEqual(Math.sign(compareSemVer(a, b) ?? 9), Math.sign(i - j))
    }
    assert.strictEqual(compareSemVer("1.0.0+1", "1.0.0+2"), 0)
    for (const none of ["v1.0.0", "1.0", "01.0.0", "1.0.0-01", "1.0.0-", "", "2024-01-01"])
      assert.isFalse(isSemVer(none))
  })

  it("the highest SemVer, whatever the order they were published in", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(ORDERED, { minLength: 1 }), (versions) => {
        const highest = ORDERED.filter((version) => versions.includes(version)).at(-1)
        assert.strictEqual(latestOf(published(versions))?.version, highest)
        assert.strictEqual(latestOf(published(versions).toReversed())?.version, highest)
      })
    )
  })

  it("what is no SemVer is the latest when it is the newest, and not after a SemVer", () => {
    assert.strictEqual(latestOf(published(["2.0.0", "snapshot"]))?.version, "snapshot")
    assert.strictEqual(latestOf(published(["2.0.0", "snapshot", "1.0.0"]))?.version, "2.0.0")
    assert.strictEqual(latestOf(published(["a", "b"]))?.version, "b")
    assert.isUndefined(latestOf([]))
  })

  it("a deleted one is only when all are", () => {
    assert.strictEqual(latestOf(published(["1.0.0", "2.0.0"], new Set(["2.0.0"])))?.version, "1.0.0")
    assert.strictEqual(latestOf(published(["1.0.0", "2.0.0"], new Set(["1.0.0", "2.0.0"])))?.version, "2.0.0")
  })
})

describe("R-09: what may be a version", () => {
  it("no range, no word for the newest, not nothing", () => {
    for (const range of [
      "^1.2.3",
      "~1.2.3",
      ">=1.0.0",
      "<=1",
      ">1",
      "<2",
      "1.x",
      "1.X.0",
      "*",
      "1.*",
      "1 || 2",
      "1.0.0 - 2.0.0",
      "latest",
      " ",
      ""
    ]) {
      assert.isString(versionProblem(range), range)
    }
    for (const one of [...ORDERED, "v1.2", "2025.11.3", "1.0.0+build.x86", "x86-build", "next"]) {
      assert.isUndefined(versionProblem(one), one)
    }
  })
})
