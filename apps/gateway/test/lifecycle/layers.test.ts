/**
 * Any identity provider or store is swapped by a layer (design §5): the gateway composed in this process over another `AuthLayer`
 * and another `RegistryStore`, no product code touched, and over its own, to show that the seam is the shipped one.
 */
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import type { Claims } from "@mcpgw/domain/Principal"
import { Registry } from "@mcpgw/registry/Registry"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import { freePort, tempDir } from "@mcpgw/testkit/Process"
import { Database } from "bun:sqlite"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { GatewayConfig } from "../../src/config.ts"
import { layerAuth, layerEdge, layerServicesOver } from "../../src/layers.ts"
import { ask } from "./support/Ask.ts"
import { auditUntil } from "./support/AuditFile.ts"
import { type Backend, startBackend } from "./support/Backend.ts"
import { PASSWORD, serverAt } from "./support/Box.ts"
import { claimsFor, gatewayKey, mint } from "./support/Minting.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
group_mappings:
  staff: [tester]
tester:
  - server: backend
    methods: [tools/list]
    tools: [echo]
`

/** What another provider says of somebody: an opaque token, groups and no scopes. */
const ADA: Claims = {
  issuer: "https://directory.example",
  subject: "ada",
  username: "ada",
  clientId: "cli",
  groups: ["staff"],
  scopes: [],
  audience: [],
  expiresAt: Math.floor(Date.now() / 1000) + 3600,
  tokenId: "ada-1",
  method: "oidc"
}

interface Embedded {
  readonly url: string
  readonly dataDir: string
  readonly register: (path: string, url: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** All that the edge stands on, whoever provides it. */
type Below = Layer.Layer.Success<ReturnType<typeof layerServicesOver<never, never, never, never>>>

/** The gateway's edge over `below`, on a port and folder of its own. */
const embed = async <E>(below: (url: string) => Layer.Layer<Below, E, GatewayConfig>): Promise<Embedded> => {
  const dir = tempDir("embedded")
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  writeFileSync(join(dir.path, "scopes.yml"), SCOPES)
  const settings = new Map([
    ["MCPGW_PORT", String(port)],
    ["MCPGW_DATA_DIR", dir.path],
    ["ADMIN_PASSWORD", PASSWORD],
    ["MCPGW_DEMO_SERVERS", "false"],
    ["MCPGW_DRAIN_SECONDS", "0"]
  ])
  const config = GatewayConfig.layer("/").pipe(Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(settings))))
  const quiet = Logger.remove(Logger.defaultLogger)
  const runtime = ManagedRuntime.make(
    layerEdge.pipe(Layer.provideMerge(below(url)), Layer.provideMerge(config), Layer.provide(quiet))
  )
  await runtime.runtime()
  return {
    url,
    dataDir: dir.path,
    register: (path, upstream) =>
      runtime.runPromise(
        Effect.gen(function* () {
          const registry = yield* Registry
          yield* registry.register(serverAt(path, upstream), "tests")
        })
      ),
    close: async () => {
      await runtime.dispose()
      dir.remove()
    }
  }
}

let backend: Backend
let swapped: Embedded
let shipped: Embedded

beforeAll(async () => {
  backend = startBackend()
  swapped = await embed((url) =>
    layerServicesOver(
      AuthLayer.layerStatic({ "opaque-token-of-ada": { ...ADA, audience: [url] } }),
      RegistryStore.layerMemory
    )
  )
  shipped = await embed(() => layerServicesOver(layerAuth, RegistryStore.layerSql))
  await swapped.register("/backend", backend.url)
  await shipped.register("/backend", backend.url)
})

afterAll(async () => {
  await swapped?.close()
  await shipped?.close()
  await backend?.stop()
})

/** Paths in the database. Its table is there for whoever else works on servers. */
const stored = (dataDir: string): ReadonlyArray<string> => {
  const db = new Database(join(dataDir, "mcpgw.db"), { readonly: true })
  try {
    return db
      .query<{ path: string }, []>("SELECT path FROM registry_servers")
      .all()
      .map(({ path }) => path)
  } finally {
    db.close()
  }
}

describe("design §5: another identity provider and another store, by layers alone", () => {
  it("the other provider's caller is admitted, judged by groups, and carried", async () => {
    const { message } = await ask({ url: `${swapped.url}/backend/mcp`, token: "opaque-token-of-ada" })
    assert.deepEqual(message?.result, { content: [{ type: "text", text: "ran echo" }] })
    const headers = backend.calls().at(-1)?.headers
    assert.strictEqual(headers?.["x-user"], "ada")
    assert.strictEqual(headers?.["x-scopes"], "tester")
  })

  it("its refusals are the gateway's", async () => {
    const refused = await ask({
      url: `${swapped.url}/backend/mcp`,
      token: "opaque-token-of-ada",
      params: { name: "secret" }
    })
    assert.strictEqual(refused.message?.error?.code, -32602)
    const unknown = await ask({ url: `${swapped.url}/backend/mcp`, token: "opaque-token-of-eve" })
    assert.strictEqual(unknown.status, 401)
  })

  it("the gateway's own tokens and passwords mean nothing there on the data plane", async () => {
    const token = mint(gatewayKey(swapped.dataDir), claimsFor(swapped.url, ["tester"]))
    assert.strictEqual((await ask({ url: `${swapped.url}/backend/mcp`, token })).status, 401)
  })

  it("the registry's API asks the same provider", async () => {
    const get = async (token: string): Promise<number> =>
      (await fetch(`${swapped.url}/api/auth/me`, { headers: { authorization: `Bearer ${token}` } })).status
    assert.strictEqual(await get("opaque-token-of-ada"), 200)
    assert.strictEqual(await get("opaque-token-of-eve"), 401)
  })

  it("settle sees it: the record names the provider", async () => {
    const rows = await auditUntil(swapped.dataDir, (found) => found.some(({ tool }) => tool === "echo"))
    assert.strictEqual(rows.find(({ tool }) => tool === "echo")?.issuer, "https://directory.example")
  })

  it("nothing is stored of the servers", () => {
    assert.isEmpty(stored(swapped.dataDir))
  })
})

describe("the same seam with the shipped layers", () => {
  it("admits the gateway's own tokens, not the other provider's", async () => {
    const token = mint(gatewayKey(shipped.dataDir), claimsFor(shipped.url, ["tester"]))
    assert.strictEqual((await ask({ url: `${shipped.url}/backend/mcp`, token })).status, 200)
    assert.strictEqual((await ask({ url: `${shipped.url}/backend/mcp`, token: "opaque-token-of-ada" })).status, 401)
  })

  it("stores the servers", () => {
    assert.deepEqual(stored(shipped.dataDir), ["/backend"])
  })
})
