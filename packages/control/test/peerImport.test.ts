/** One mcpgw mirrors another over real HTTP, with an API key of that one's: before and after a restart, and when the key has ended. */
import { it } from "@effect/vitest"
import { KeyRing, makeSealingKey } from "@mcpgw/domain/KeyRing"
import { parseAllowed } from "@mcpgw/egress/AddressPolicy"
import { Resolver } from "@mcpgw/egress/Resolver"
import { layerHttp } from "@mcpgw/egress/UpstreamHttp"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Imports } from "@mcpgw/registry/import/Imports"
import { Registry } from "@mcpgw/registry/Registry"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import { Versions } from "@mcpgw/registry/v01/Versions"
import * as Store from "@mcpgw/store/Store"
import { Vault } from "@mcpgw/vault/Vault"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Database } from "bun:sqlite"
import { mkdtempSync, readdirSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { sealedFor } from "../src/sourceCredential.ts"
import * as Source from "../src/sourceFetch.ts"
import { call, layer, registered, ROLES, SECRET, signedIn } from "./support/plane.ts"

const TIME = { server_name: "Time", path: "/time", proxy_pass_url: "https://internal.example.net/", is_enabled: true }
const LATER = {
  server_name: "Later",
  path: "/later",
  proxy_pass_url: "https://internal.example.net/2",
  is_enabled: true
}

/** The other mcpgw, on loopback until the scope ends, and a key of its administrator's. */
const peer = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* (yield* Accounts).put({ username: "admin", groups: ROLES.admin }, "correct horse battery 9")
  const cookie = yield* signedIn("admin")
  const { body } = yield* call(plane, "POST", "/api/keys", { cookie, json: { name: "the other gateway" } })
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: (request) => plane.handle(request, { remote: "192.0.2.7" })
      })
    ),
    (running) => Effect.promise(() => running.stop(true))
  )
  const field = (name: string): string => String(Reflect.get(Object(body), name))
  const end = call(plane, "DELETE", `/api/keys/${field("id")}`, { cookie })
  return { base: `http://127.0.0.1:${server.port}/v0.1`, end, key: field("key") }
})

/** Processes over one data folder, each for as long as an effect takes. */
const gateway = Effect.sync(() => {
  const folder = mkdtempSync(join(tmpdir(), "mcpgw-peer-"))
  const allowed = ["127.0.0.1"].map(parseAllowed).filter((entry) => entry !== undefined)
  const keys = KeyRing.layerOf({ sealing: [makeSealingKey()], signing: [] })
  const variable = () => Effect.succeed(undefined)
  const process = () =>
    Imports.layerSql({ retries: 0 }).pipe(
      Layer.provide(Source.layer(allowed)),
      Layer.provide(layerHttp({ allowed }).pipe(Layer.provide(Resolver.layer))),
      Layer.provideMerge(Layer.mergeAll(Registry.layer, Versions.layerSql, Vault.layerSql({ variable }))),
      Layer.provide(RegistryStore.layerSql),
      Layer.provideMerge(Store.layerSqlite({ filename: join(folder, "a.db") })),
      Layer.provide(keys)
    )
  return { folder, process }
})

/** The only job, once it waits for its next run; `since`: of runs that began after that one. */
const waiting = (since: string | null) =>
  Effect.gen(function* () {
    const imports = yield* Imports
    for (;;) {
      const [job] = yield* imports.all
      if (job?.state === "waiting" && job.progress.startedAt !== since) return job
      yield* Effect.sleep("5 millis")
    }
  })

const paths = Effect.map(Registry, (registry) => [...registry.snapshot().servers.keys()].toSorted())

/** As an hour would. */
const timePasses = (folder: string) =>
  Effect.sync(() => {
    using db = new Database(join(folder, "a.db"))
    db.run("UPDATE registry_imports SET next_at = '1970-01-01'")
  })

describe("issue 6: one mcpgw mirrors another", () => {
  it.scopedLive("what its key may see, also after a restart; that the key has ended is told", () =>
    Effect.gen(function* () {
      yield* registered(TIME)
      const { base, end, key } = yield* peer
      const { folder, process } = yield* gateway
      const begun = yield* Effect.gen(function* () {
        const ref = yield* sealedFor(base, { auth_credential: key })
        const imports = yield* Imports
        yield* imports.start({ from: base, everySeconds: 3_600, credential: ref ?? "" }, "admin")
        const job = yield* waiting(null)
        expect(job.progress).toMatchObject({ created: 1, refused: 0, problem: null })
        const [path = ""] = yield* paths
        const record = (yield* Registry).get(path)?.record
        expect(record).toMatchObject({ proxy_pass_url: "https://mcp.example.com/time/mcp", is_enabled: false })
        yield* timePasses(folder)
        return job
      }).pipe(Effect.provide(process()))

      yield* registered(LATER, SECRET)
      const again = yield* Effect.gen(function* () {
        const job = yield* waiting(begun.progress.startedAt)
        expect(job.progress).toMatchObject({ problem: null })
        expect((yield* paths).length).toBe(3)
        yield* end
        yield* timePasses(folder)
        return job
      }).pipe(Effect.provide(process()))

      yield* Effect.gen(function* () {
        const job = yield* waiting(again.progress.startedAt)
        expect(job.progress.problem).toMatch(/status 401: it does not take the credential/)
        expect((yield* paths).length).toBe(3)
      }).pipe(Effect.provide(process()))

      for (const file of readdirSync(folder)) expect(readFileSync(join(folder, file), "latin1")).not.toContain(key)
    }).pipe(Effect.provide(layer()))
  )
})
