/** The Bun processes of the bench: echo server and bare proxy, each on a port the system gives. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { BenchFailed } from "../BenchFailed.ts"
import * as Child from "../Child.ts"
import { type Machine, program } from "../machine.ts"

export interface BunServer {
  readonly origin: string
  readonly pid: number
}

const LISTENING = /^listening on (\d+)$/m

/** Starts a program that prints the port it listens on. */
export const startServer = (
  name: string,
  command: ReadonlyArray<string>,
  machine: Machine
): Effect.Effect<BunServer, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Child.start({ name, command, env: machine.env })
    const found = yield* child.printed(LISTENING)
    return { origin: `http://127.0.0.1:${found[1]}`, pid: child.pid }
  })

export const startUpstream = (machine: Machine) =>
  startServer("echo server", machine.loading(machine.bun(program("./servers/upstream.ts"))), machine)

export const startBareProxy = (machine: Machine, upstream: string) =>
  startServer("bare proxy", machine.serving(machine.bun(program("./servers/bareProxy.ts"), upstream)), machine)
