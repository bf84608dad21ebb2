/** One launch at a time changes the checkout; another that starts meanwhile waits for it. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { note } from "./words.mjs"

const POLL_MS = 200

/** A holder on another machine (a shared folder) can not be asked whether it lives; older than this it is taken for gone. */
const FOREIGN_MS = 15 * 60_000

/**
 * @template A
 * @param {string} root the checkout
 * @param {() => A | Promise<A>} work
 * @returns {Promise<A>}
 */
export const withLock = async (root, work) => {
  const path = join(root, ".bun", "lock")
  await take(path)
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

const take = async (path) => {
  mkdirSync(join(path, ".."), { recursive: true })
  for (let said = false; !created(path);) {
    const holder = holderOf(path)
    if (holder === undefined) continue
    if (isGone(path, holder)) {
      rmSync(path, { force: true })
      continue
    }
    if (!said) note(`waiting for another launch to finish installing (process ${holder.pid}, ${path})`)
    said = true
    await sleep(POLL_MS)
  }
}

const created = (path) => {
  try {
    writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: "wx" })
    return true
  } catch (error) {
    if (error.code === "EEXIST") return false
    throw error
  }
}

/** Undefined: released meanwhile. Being written at this moment reads as nobody's. */
const holderOf = (path) => {
  try {
    const text = readFileSync(path, "utf8")
    return text === "" ? { pid: 0, host: "" } : JSON.parse(text)
  } catch (error) {
    if (error.code === "ENOENT") return undefined
    throw error
  }
}

const isGone = (path, { pid, host }) => {
  if (host !== hostname()) return age(path) > FOREIGN_MS
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === "ESRCH"
  }
}

const age = (path) => {
  try {
    return Date.now() - statSync(path).mtimeMs
  } catch (error) {
    if (error.code === "ENOENT") return 0
    throw error
  }
}
