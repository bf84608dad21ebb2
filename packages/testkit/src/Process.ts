/** Starts real processes on loopback for black-box tests, and stops them by id. Imported from tests only. */
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The workspace's folder. */
export const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** A port that was free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port"))
      )
    })
  })

export interface Running {
  readonly pid: number
  /** Everything printed so far, both streams. */
  readonly output: () => string
  /** Resolves when `output()` matches; rejects with the output when the process ends first or `ms` pass. */
  readonly printed: (pattern: RegExp, ms?: number) => Promise<RegExpExecArray>
  /** Sends a signal and waits for the end; SIGKILL after twenty-five seconds. */
  readonly stop: (signal?: "SIGTERM" | "SIGINT" | "SIGKILL") => Promise<number>
  readonly exited: Promise<number>
}

export interface SpawnOptions {
  readonly command: ReadonlyArray<string>
  readonly cwd?: string
  /** The whole environment, PATH and HOME of this process added. */
  readonly env?: Readonly<Record<string, string>>
}

export const spawn = ({ command, cwd = root, env = {} }: SpawnOptions): Running => {
  const inherited = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "" }
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...inherited, ...env },
    stdout: "pipe",
    stderr: "pipe",
    stdin: "ignore"
  })
  let text = ""
  const listeners = new Set<() => void>()
  const collect = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder()
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true })
      for (const listener of listeners) listener()
    }
  }
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)])
  let over = false
  const end = async (): Promise<number> => {
    const code = await child.exited
    await collected
    over = true
    for (const listener of listeners) listener()
    return code
  }
  const exited = end()
  return {
    pid: child.pid,
    exited,
    output: () => text,
    printed: (pattern, ms = 55_000) =>
      waitFor(
        () => pattern.exec(text),
        () => over,
        () => text,
        listeners,
        ms
      ),
    stop: async (signal = "SIGTERM") => {
      child.kill(signal)
      const kill = setTimeout(() => child.kill("SIGKILL"), 25_000)
      const code = await exited
      clearTimeout(kill)
      return code
    }
  }
}

const waitFor = (
  look: () => RegExpExecArray | null,
  over: () => boolean,
  text: () => string,
  listeners: Set<() => void>,
  ms: number
): Promise<RegExpExecArray> =>
  new Promise((resolve, reject) => {
    const finish = (act: () => void): void => {
      clearTimeout(timer)
      listeners.delete(check)
      act()
    }
    const check = (): void => {
      const found = look()
      if (found !== null) finish(() => resolve(found))
      else if (over()) finish(() => reject(new Error(`the process ended:\n${text()}`)))
    }
    const timer = setTimeout(() => finish(() => reject(new Error(`not printed in ${ms} ms:\n${text()}`))), ms)
    listeners.add(check)
    check()
  })

/** A folder of its own under the system's temporary one. */
export const tempDir = (name: string): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), `mcpgw-${name}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
