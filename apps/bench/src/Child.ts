/** Processes of the bench: started, listened to, and ended with their scope. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer } from "node:net"
import { BenchFailed, wordsOf } from "./BenchFailed.ts"

export interface ChildSpec {
  /** What errors call it. */
  readonly name: string
  readonly command: ReadonlyArray<string>
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface Child {
  readonly pid: number
  /** Everything printed so far, both streams. */
  readonly output: () => string
  /** Waits until the output matches; fails with the output when the process ends first or a quarter of a minute passes. */
  readonly printed: (pattern: RegExp) => Effect.Effect<RegExpExecArray, BenchFailed>
  /** Waits for the end; answers what was printed. A code other than 0 is a failure. */
  readonly finished: Effect.Effect<string, BenchFailed>
  readonly write: (line: string) => Effect.Effect<void>
  /** SIGTERM, and SIGKILL after ten seconds. */
  readonly stop: Effect.Effect<void>
}

const GRACE = "10 seconds"
const PATIENCE = "15 seconds"
const LOOK = "5 millis"

const spawn = ({ command, env, cwd }: ChildSpec) =>
  Bun.spawn([...command], { env, stdin: "pipe", stdout: "pipe", stderr: "pipe", ...(cwd === undefined ? {} : { cwd }) })

type Process = ReturnType<typeof spawn>

const stopProcess = (process: Process): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (process.exitCode !== null || process.signalCode !== null) return Effect.void
    process.kill("SIGTERM")
    return Effect.promise(() => process.exited).pipe(
      Effect.interruptible,
      Effect.timeout(GRACE),
      Effect.catchAll(() =>
        Effect.sync(() => process.kill("SIGKILL")).pipe(Effect.zipRight(Effect.promise(() => process.exited)))
      ),
      Effect.asVoid
    )
  })

/** Runs until its scope closes. */
export const start = (spec: ChildSpec): Effect.Effect<Child, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const failed = (why: string, text: string) => new BenchFailed({ problem: `${spec.name} ${why}:\n${text.trim()}` })
    const process = yield* Effect.acquireRelease(
      Effect.try({ try: () => spawn(spec), catch: (cause) => failed("can not be started", wordsOf(cause)) }),
      stopProcess
    )
    let text = ""
    const collect = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
      const decoder = new TextDecoder()
      for await (const chunk of stream) text += decoder.decode(chunk, { stream: true })
    }
    const drained = Promise.all([collect(process.stdout), collect(process.stderr)])
    const printed = (pattern: RegExp): Effect.Effect<RegExpExecArray, BenchFailed> => {
      const look: Effect.Effect<RegExpExecArray, BenchFailed> = Effect.suspend(() => {
        const found = pattern.exec(text)
        if (found !== null) return Effect.succeed(found)
        if (process.exitCode !== null) return Effect.fail(failed(`ended with code ${process.exitCode}`, text))
        return Effect.zipRight(Effect.sleep(LOOK), look)
      })
      return Effect.timeoutFail(look, { duration: PATIENCE, onTimeout: () => failed("is not ready in time", text) })
    }
    const finished = Effect.promise(() => drained.then(() => process.exited)).pipe(
      Effect.flatMap((code) =>
        code === 0 ? Effect.succeed(text) : Effect.fail(failed(`ended with code ${code}`, text))
      )
    )
    const write = (line: string): Effect.Effect<void> =>
      Effect.promise(async () => {
        process.stdin.write(`${line}\n`)
        await process.stdin.flush()
      })
    return { pid: process.pid, output: () => text, printed, finished, write, stop: stopProcess(process) }
  })

/** A port that was free a moment ago. */
export const freePort: Effect.Effect<number, BenchFailed> = Effect.async((resume) => {
  const server = createServer()
  const fail = (why: string) => resume(Effect.fail(new BenchFailed({ problem: `no free port: ${why}` })))
  server.once("error", (error) => fail(error.message))
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() =>
      typeof address === "object" && address !== null ? resume(Effect.succeed(address.port)) : fail("none given")
    )
  })
})
