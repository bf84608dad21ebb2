/**
 * Somebody else's calls to a healthy server, while others are in trouble: one after the other with pauses, in a process of its own, so
 * that nothing but the gateway and the machine is shared. For the soak only; run as a program it is that process.
 */
import { caller, callTool, post } from "@mcpgw/testkit/McpRequest"
import { startFaulty } from "./FaultyServer.ts"

export interface Bystander {
  /** What each call took since the last time it was asked, milliseconds. */
  readonly took: () => Promise<ReadonlyArray<number>>
  readonly stop: () => void
}

const CALM = "calm"
const PAUSE_MS = 5

const start = (...words: ReadonlyArray<string>) => {
  const child = Bun.spawn([process.execPath, import.meta.path, ...words], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit"
  })
  const lines = linesOf(child.stdout)
  return { child, line: async () => (await lines.next()).value ?? "" }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let text = ""
  for await (const part of stream) {
    const lines = (text + decoder.decode(part, { stream: true })).split("\n")
    text = lines.pop() ?? ""
    yield* lines
  }
  return undefined
}

/** A healthy server, in a process of its own too. */
export const startCalm = async () => {
  const { child, line } = start(CALM)
  return { url: await line(), stop: () => child.kill() }
}

/** `url`: of the server's path on the gateway. */
export const startBystander = (url: string, token: string): Bystander => {
  const { child, line } = start(url, token)
  return {
    took: async () => {
      child.stdin.write("\n")
      await child.stdin.flush()
      const answer = await line()
      if (answer === "") throw new Error("the bystander has ended")
      return JSON.parse(answer)
    },
    stop: () => child.kill()
  }
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const standBy = async (url: string, token: string): Promise<void> => {
  let took: Array<number> = []
  const tell = async (): Promise<void> => {
    for await (const _ of linesOf(Bun.stdin.stream())) {
      print(JSON.stringify(took))
      took = []
    }
  }
  void tell()
  const who = caller(url, token)
  for (;;) {
    const began = performance.now()
    const response = await post(who, callTool("fine", 1))
    await response.text()
    if (response.status !== 200) throw new Error(`the bystander was answered ${response.status}`)
    took.push(performance.now() - began)
    await Bun.sleep(PAUSE_MS)
  }
}

if (import.meta.main) {
  const [, , first = "", token = ""] = process.argv
  if (first === CALM) print((await startFaulty()).url)
  else await standBy(first, token)
}
