/** What the suite is run against: our reference server as a process, and the gateway before it with authentication and policy on. */
import { startGateway } from "@mcpgw/testkit/Gateway"
import { answerOf, type Caller, caller, modern, post, toolNames } from "@mcpgw/testkit/McpRequest"
import { spawn } from "@mcpgw/testkit/Process"
import { startInjector } from "./Injector.ts"
import { THROUGH, type Through } from "./Scope.ts"
import type { ClientEnv } from "./Suite.ts"

export interface Stand {
  /** The server itself. */
  readonly direct: string
  /** The same server behind the gateway, for a caller who is let in. */
  readonly through: string
  /** For clients that are to go through the gateway. */
  readonly clientEnv: ClientEnv
  readonly close: () => Promise<void>
}

/** In the server's list and not in the caller's: proof that lists are cut on the way. */
const HIDDEN = "not_for_the_suite"

/** Tools by name, so that lists are really filtered; every method, because the suite asks for ones nobody has heard of. */
const policyFor = (tools: ReadonlyArray<unknown>): string => `
group_mappings:
  mcp-registry-admin: [mcp-registry-admin]
UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
    register_service: [all]
suite:
  - server: conformance
    methods: ["*"]
    tools: ${JSON.stringify(tools)}
clients:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

const startReference = async () => {
  const command = [process.execPath, "--no-env-file", "run", "apps/demo-servers", "conformance", "--port", "0"]
  const running = spawn({ command })
  const url = (await running.printed(/listening at (\S+)/, START_MS))[1] ?? ""
  return { ...running, url }
}

const START_MS = 60_000

const toolsFor = async (who: Caller): Promise<ReadonlyArray<unknown>> =>
  toolNames(await answerOf(await post(...modern(who, "tools/list"))))

/** @throws when the gateway lets anybody in, or shows what the policy hides: its numbers would say nothing. */
const assertGoverned = async (who: Caller): Promise<void> => {
  const { status } = await post(...modern({ ...who, headers: {} }, "tools/list"))
  if (status !== 401) throw new Error(`without a token the gateway answered ${status}`)
  const shown = await toolsFor(who)
  if (shown.length === 0 || shown.includes(HIDDEN)) throw new Error(`the policy does not hold: ${shown.join(", ")}`)
}

/** `closers` gets what ends each part, the last first. */
const started = async (closers: Array<() => Promise<unknown>>): Promise<Stand> => {
  const reference = await startReference()
  closers.unshift(() => reference.stop())
  const tools = await toolsFor({ url: reference.url, headers: {} })
  const gateway = await startGateway({
    scopes: policyFor(tools.filter((name) => name !== HIDDEN)),
    env: { HEALTH_CHECK_INTERVAL_SECONDS: "86400" }
  })
  closers.unshift(() => gateway.close())
  const registration = { name: "conformance", path: "/conformance", proxy_pass_url: reference.url }
  const registered = await gateway.register(registration)
  if (registered.status !== 201) throw new Error(`registration answered ${registered.status}`)
  const token = await gateway.token(["suite"])
  await assertGoverned(caller(`${gateway.url}/conformance/mcp`, token))
  const injector = startInjector(gateway.url, token)
  closers.unshift(() => injector.stop())
  const client: Through = { url: gateway.url, cookie: await gateway.signIn(), token: await gateway.token(["clients"]) }
  return {
    direct: reference.url,
    through: `${injector.url}/conformance/mcp`,
    clientEnv: { [THROUGH]: JSON.stringify(client) },
    close: () => closeAll(closers)
  }
}

const closeAll = async (closers: ReadonlyArray<() => Promise<unknown>>): Promise<void> => {
  for (const close of closers) await close()
}

/** Starts everything, or nothing. */
export const startStand = async (): Promise<Stand> => {
  const closers: Array<() => Promise<unknown>> = []
  try {
    return await started(closers)
  } catch (cause) {
    await closeAll(closers)
    throw cause
  }
}
