/**
 * A gateway of another checkout, measured beside this one. Nothing of this checkout's code touches its data: an older one refuses a newer
 * database. What it serves it is told over its own API, by an administrator.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { BenchFailed, wordsOf } from "../BenchFailed.ts"
import * as Child from "../Child.ts"
import { type Machine, root } from "../machine.ts"
import type { Arm } from "./Arm.ts"
import { type GatewayHome, POLICY_FILE, policyOf, SERVER, start, tokenFor, urlOf } from "./Gateway.ts"
import { verifyGoverned } from "./governed.ts"

/** The first administrator's group, allowed to register what is measured. */
const ADMINISTRATORS = `group_mappings:
  mcp-registry-admin: [mcp-registry-admin]
UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
    register_service: [all]`

/** The folder as given, absolute; fails when no gateway can be started there. */
const checkoutAt = (directory: string): Effect.Effect<string, BenchFailed> =>
  Effect.suspend(() => {
    const checkout = resolve(root, directory)
    if (!existsSync(join(checkout, "apps/gateway/package.json")))
      return Effect.fail(new BenchFailed({ problem: `--against held ${directory}; there is no checkout of mcpgw` }))
    return existsSync(join(checkout, "node_modules"))
      ? Effect.succeed(checkout)
      : Effect.fail(
          new BenchFailed({
            problem: `--against held ${directory}; its dependencies are not installed: node ${join(checkout, "apps/deploy/launch.mjs")} exec install --frozen-lockfile`
          })
        )
  })

/** The commit, with a word on changes; empty where git can not tell. */
const commitOf = (checkout: string): string => {
  if (Bun.which("git") === null) return ""
  const { exitCode, stdout } = Bun.spawnSync(["git", "-C", checkout, "describe", "--always", "--dirty"], {
    stderr: "ignore"
  })
  return exitCode === 0 ? stdout.toString().trim() : ""
}

const ask = (what: string, path: string, init: RequestInit): Effect.Effect<Response, BenchFailed> =>
  Effect.tryPromise(() => fetch(path, init)).pipe(
    Effect.mapError((cause) => new BenchFailed({ problem: `${what}: ${wordsOf(cause)}` })),
    Effect.filterOrElse(
      ({ ok }) => ok,
      (response) =>
        Effect.flatMap(
          Effect.promise(() => response.text()),
          (text) => new BenchFailed({ problem: `${what} was answered ${response.status}: ${text.slice(0, 300)}` })
        )
    )
  )

const register = (home: GatewayHome, password: string, upstream: string): Effect.Effect<void, BenchFailed> =>
  Effect.gen(function* () {
    const url = urlOf(home)
    const post = (headers: Readonly<Record<string, string>>, form: Readonly<Record<string, string>>): RequestInit => ({
      method: "POST",
      headers: { accept: "application/json", ...headers },
      body: new URLSearchParams(form)
    })
    const form = { username: "admin", password }
    const signedIn = yield* ask("signing in at the other checkout", `${url}/api/auth/login`, post({}, form))
    const cookie = (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
    const server = { name: "Bench", description: "Echo server of the bench", path: SERVER, proxy_pass_url: upstream }
    yield* ask("registering at the other checkout", `${url}/api/register`, post({ cookie }, server))
  })

/** `folder`: where its data goes; made here. */
export const startOther = (
  machine: Machine,
  directory: string,
  folder: string,
  upstream: string
): Effect.Effect<Arm, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const checkout = yield* checkoutAt(directory)
    mkdirSync(folder, { mode: 0o700 })
    const policy = join(folder, POLICY_FILE)
    writeFileSync(policy, policyOf(ADMINISTRATORS), { mode: 0o600 })
    const password = crypto.randomUUID()
    const settings = { ADMIN_PASSWORD: password, MCPGW_SCOPES_FILE: policy }
    const home: GatewayHome = { folder, port: yield* Child.freePort, checkout, settings }
    const gateway = yield* start(machine, home)
    yield* register(home, password, upstream)
    const token = yield* tokenFor(home)
    yield* verifyGoverned(gateway, home, token)
    const commit = commitOf(checkout)
    const what = `the gateway of ${directory}${commit === "" ? "" : `, ${commit}`}, governed in the same way`
    return { name: "against", what, url: gateway.mcp, token, pids: [gateway.pid] }
  })
