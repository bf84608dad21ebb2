/**
 * Every check and every test, counted: the last line is `N passed, N failed`. A check counts as one test; so does a test file that
 * can not be loaded.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { run } from "./run.mjs"

const CHECKS = ["types", "lint", "format:check"]

/** An exit code above this: a signal ended it, and what was meant is the whole suite. */
const SIGNALLED = 128

/**
 * @param {string} bun
 * @param {string} root the checkout
 * @param {ReadonlyArray<string>} words passed to vitest
 * @returns {Promise<number>} the exit code
 */
export const runSuite = async (bun, root, words) => {
  let passed = 0
  let failed = 0
  const finish = (code) => {
    process.stdout.write(`${passed} passed, ${failed} failed\n`)
    return code
  }
  for (const check of CHECKS) {
    process.stdout.write(`\n── ${check}\n`)
    const code = await run(bun, ["run", check], { cwd: root })
    if (code === 0) passed += 1
    else failed += 1
    if (code > SIGNALLED) return finish(code)
  }
  process.stdout.write("\n── tests\n")
  const tests = await runTests(bun, root, words)
  passed += tests.passed
  failed += tests.failed
  process.stdout.write("\n")
  return finish(tests.code > SIGNALLED ? tests.code : failed === 0 ? 0 : 1)
}

const runTests = async (bun, root, words) => {
  const folder = mkdtempSync(join(tmpdir(), "mcpgw-results-"))
  const results = join(folder, "results.json")
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`]
    const code = await run(bun, ["--bun", "vitest", "run", ...reporters, ...words], { cwd: root })
    const { passed, failed } = counts(results) ?? NOT_RUN
    // An error outside of any test fails the run and no test.
    return { code, passed, failed: code !== 0 && failed === 0 ? 1 : failed }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const NOT_RUN = { passed: 0, failed: 1 }

/** Undefined when vitest left no results. */
const counts = (results) => {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(results, "utf8"))
    const unloaded = testResults.filter(
      ({ status, assertionResults }) =>
        status === "failed" && !assertionResults.some((test) => test.status === "failed")
    )
    return { passed: numPassedTests, failed: numFailedTests + unloaded.length }
  } catch (error) {
    process.stderr.write(`no test results: ${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}
