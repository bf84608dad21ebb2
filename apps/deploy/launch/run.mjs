/** Child processes: signals go through to them, their exit code comes back. */
import { spawn } from "node:child_process"
import { constants } from "node:os"
import { Problem } from "./words.mjs"

/**
 * A terminal signals every process of its group, and npm passes on what it got, so one Ctrl-C can arrive more than once. A second
 * signal ends the gateway without draining; only one that comes later than this is meant as a second.
 */
const SAME_SIGNAL_MS = 1_000

const PARENT_POLL_MS = 1_000

/** A closed terminal (SIGHUP) asks for the same orderly end as SIGTERM. */
const PASSED_ON = { SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGTERM" }

/**
 * Runs until the end; answers the exit code, 128 + n when signal n ended it.
 *
 * @param {string} command
 * @param {ReadonlyArray<string>} words
 * @param {{ cwd: string, env?: Record<string, string>, apart?: boolean, aside?: boolean }} options
 *   `apart`: in a process group of its own; `aside`: what it prints goes to stderr
 * @returns {Promise<number>}
 */
export const run = (command, words, { cwd, env = {}, apart = false, aside = false }) =>
  new Promise((resolve, reject) => {
    const stdio = ["inherit", aside ? process.stderr : "inherit", "inherit"]
    // Before the child is there: one that is quick may be asked to stop before the next line runs.
    const passing = passSignals()
    const child = spawn(command, words, { cwd, env: { ...process.env, ...env }, stdio, detached: apart })
    passing.to(child)
    child.once("error", (error) => {
      passing.end()
      reject(new Problem(`can not run ${command}: ${error.message}`))
    })
    child.once("exit", (code, signal) => {
      passing.end()
      resolve(code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })

/** npm that is killed can not pass anything on; its script, us, then has another parent. */
const passSignals = () => {
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let child
  let last = Number.NEGATIVE_INFINITY
  const pass = (signal) => {
    const now = performance.now()
    if (now - last < SAME_SIGNAL_MS) return
    last = now
    child?.kill(PASSED_ON[signal])
  }
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.env["npm_lifecycle_event"] === undefined || process.ppid === parent) return
    clearInterval(watch)
    child?.kill("SIGTERM")
  }, PARENT_POLL_MS)
  for (const signal of Object.keys(PASSED_ON)) process.on(signal, pass)
  return {
    to: (started) => {
      child = started
    },
    end: () => {
      clearInterval(watch)
      for (const signal of Object.keys(PASSED_ON)) process.off(signal, pass)
    }
  }
}
