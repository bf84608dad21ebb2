/** nginx as a proxy, alone or asking an authorization server; both in a folder of their own. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { exportJWK, generateKeyPair, SignJWT } from "jose"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { BenchFailed, wordsOf } from "../BenchFailed.ts"
import * as Child from "../Child.ts"
import { type Machine, program } from "../machine.ts"
import type { Arm } from "./Arm.ts"
import { startServer } from "./bunServers.ts"
import { nginxConf } from "./nginxConf.ts"

const SOON = "10 millis"

/** Waits until something answers there. */
const answering = (url: string): Effect.Effect<void, BenchFailed> => {
  const ask: Effect.Effect<void> = Effect.tryPromise(() => fetch(url)).pipe(
    Effect.asVoid,
    Effect.catchAll(() => Effect.zipRight(Effect.sleep(SOON), ask))
  )
  return Effect.timeoutFail(ask, {
    duration: "10 seconds",
    onTimeout: () => new BenchFailed({ problem: `nothing answers at ${url}` })
  })
}

const startNginx = (
  machine: Machine,
  binary: string,
  folder: string,
  plan: { readonly upstream: string; readonly auth: string | undefined }
) =>
  Effect.gen(function* () {
    const port = yield* Child.freePort
    mkdirSync(folder)
    writeFileSync(join(folder, "nginx.conf"), nginxConf({ port, ...plan }))
    const command = [binary, "-p", folder, "-e", "stderr", "-c", "nginx.conf", "-g", "daemon off;"]
    const child = yield* Child.start({ name: "nginx", command: machine.serving(command), env: machine.env })
    yield* Effect.raceFirst(answering(`http://127.0.0.1:${port}/`), Effect.zipRight(child.finished, Effect.void))
    return { url: `http://127.0.0.1:${port}/mcp`, pid: child.pid }
  })

const hostOf = (origin: string): string => new URL(origin).host

/** A key of its own, and a token like the gateway's. */
const credentials: Effect.Effect<{ readonly jwk: string; readonly token: string }, BenchFailed> = Effect.tryPromise({
  try: async () => {
    const { publicKey, privateKey } = await generateKeyPair("EdDSA")
    const token = await new SignJWT({ sub: "bench", scope: "bench/execute", jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: "EdDSA" })
      .setIssuer("http://127.0.0.1")
      .setAudience("http://127.0.0.1")
      .setExpirationTime("2h")
      .sign(privateKey)
    return { jwk: JSON.stringify(await exportJWK(publicKey)), token }
  },
  catch: (cause) => new BenchFailed({ problem: `no token could be signed: ${wordsOf(cause)}` })
})

export const plain = (
  machine: Machine,
  binary: string,
  folder: string,
  upstream: string
): Effect.Effect<Arm, BenchFailed, Scope.Scope> =>
  Effect.map(
    startNginx(machine, binary, join(folder, "nginx"), { upstream: hostOf(upstream), auth: undefined }),
    ({ url, pid }): Arm => ({ name: "nginx", what: "nginx, one worker, as a proxy", url, token: "none", pids: [pid] })
  )

export const withAuth = (
  machine: Machine,
  binary: string,
  folder: string,
  upstream: string
): Effect.Effect<Arm, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const { jwk, token } = yield* credentials
    const command = machine.serving(machine.bun(program("./servers/authServer.ts"), jwk))
    const auth = yield* startServer("authorization server", command, machine)
    const plan = { upstream: hostOf(upstream), auth: hostOf(auth.origin) }
    const { url, pid } = yield* startNginx(machine, binary, join(folder, "nginx-auth"), plan)
    return {
      name: "nginx-auth",
      what: "nginx asking a Bun server, tokens remembered",
      url,
      token,
      pids: [pid, auth.pid]
    }
  })
