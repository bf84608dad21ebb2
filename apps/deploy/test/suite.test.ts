/** `npm test` and `.ci/run` from outside: what runs, and the count at the end. */
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { bunOf, type Checkout, makeCheckout, node } from "./support/Checkout.ts"

let checkout: Checkout
beforeEach(() => {
  checkout = makeCheckout()
})
afterEach(() => checkout.remove())

const lastLine = (output: string): string => output.trimEnd().split("\n").at(-1) ?? ""

/** A `bun` whose vitest writes these results, and which fails the checks named. */
const bunThat = (options: { readonly failing?: string; readonly results?: unknown; readonly code?: number }): string =>
  bunOf(
    "1.4.4",
    `case "$*" in
  "run ${options.failing ?? "nothing"}") exit 1 ;;
  *vitest*)
    for word; do
      case "$word" in --outputFile.json=*) file="\${word#--outputFile.json=}" ;; esac
    done
    ${options.results === undefined ? ":" : `cat > "$file" <<'JSON'\n${JSON.stringify(options.results)}\nJSON`}
    exit ${options.code ?? 0} ;;
esac`
  )

const passing = { numPassedTests: 40, numFailedTests: 0, testResults: [{ status: "passed", assertionResults: [] }] }

describe.skipIf(node === undefined)("npm test", () => {
  const test = async (bun: string, ...words: ReadonlyArray<string>): Promise<readonly [number, string]> => {
    checkout.command("bun", bun)
    const running = checkout.launch(node ?? "", "test", ...words)
    const code = await running.exited
    return [code, lastLine(running.output())]
  }

  it("runs types, lint and format, then the tests with the words given", async () => {
    assert.deepEqual(await test(bunThat({ results: passing }), "--project", "x"), [0, "43 passed, 0 failed"])
    const record = checkout.record()
    assert.deepEqual(record.slice(1, 4), ["bun run types", "bun run lint", "bun run format:check"])
    assert.match(
      record[4] ?? "",
      /^bun --bun vitest run --reporter=default --reporter=json --outputFile\.json=\S+ --project x$/
    )
  })

  it("a check that fails counts as a failure, and the rest still runs", async () => {
    assert.deepEqual(await test(bunThat({ failing: "lint", results: passing })), [1, "42 passed, 1 failed"])
    assert.lengthOf(checkout.record(), 5)
  })

  it("tests that fail are counted, and so are files that can not be loaded", async () => {
    const results = {
      numPassedTests: 5,
      numFailedTests: 2,
      testResults: [
        { status: "failed", assertionResults: [{ status: "failed" }, { status: "failed" }, { status: "passed" }] },
        { status: "failed", assertionResults: [] },
        { status: "passed", assertionResults: [{ status: "passed" }] }
      ]
    }
    assert.deepEqual(await test(bunThat({ results, code: 1 })), [1, "8 passed, 3 failed"])
  })

  it("an error outside of any test is a failure", async () => {
    assert.deepEqual(await test(bunThat({ results: passing, code: 1 })), [1, "43 passed, 1 failed"])
  })

  it("a vitest that could not run is a failure, also when it says nothing", async () => {
    assert.deepEqual(await test(bunThat({ code: 1 })), [1, "3 passed, 1 failed"])
    assert.deepEqual(await test(bunThat({ code: 0 })), [1, "3 passed, 1 failed"])
  })
})

describe(".ci/run", () => {
  const ci = async (npm: string): Promise<readonly [number, string, string]> => {
    checkout.command("npm", `if [ "$1" = --version ]; then echo 10; exit 0; fi\necho "npm $*" >> "$RECORD"\n${npm}`)
    checkout.command("node", "echo v20")
    const running = checkout.run("bash", ".ci/run")
    const code = await running.exited
    return [code, lastLine(running.output()), running.output()]
  }

  it("runs npm test and nothing else; ends with its count", async () => {
    const [code, last, output] = await ci("echo '12 passed, 0 failed'")
    assert.deepEqual([code, last], [0, "12 passed, 0 failed"])
    assert.deepEqual(checkout.record(), ["npm test"])
    assert.include(output, "+ npm test\n")
  })

  it("passes the exit status on, and says the count after npm's own words", async () => {
    const [code, last] = await ci("echo '11 passed, 1 failed'; echo 'npm error Lifecycle script failed' >&2; exit 7")
    assert.deepEqual([code, last], [7, "11 passed, 1 failed"])
  })

  it("no count is a failure", async () => {
    const [code, last] = await ci("echo fine")
    assert.deepEqual([code, last], [1, "0 passed, 1 failed"])
  })
})
