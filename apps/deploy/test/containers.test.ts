/** The image and the compose file: what they promise, and that what the image would do works. No container engine is needed. */
import { settings } from "@mcpgw/gateway/settings"
import { freePort, root, type Running, spawn, tempDir } from "@mcpgw/testkit/Process"
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { contextFiles, copyInto, readIgnore } from "./support/BuildContext.ts"
import { parse } from "yaml"
import { allOf, copies, environment, execForm, parseDockerfile } from "./support/Dockerfile.ts"

const stages = parseDockerfile(readFileSync(join(root, "apps/deploy/Dockerfile"), "utf8"))
const install = stages.at(0)
const final = stages.at(-1)
const ignored = readIgnore(root)
const files = contextFiles(root, ignored)

const known = new Set([...Object.values(settings).map(({ name }) => name), "NODE_ENV"])
const secret = Object.values(settings)
  .filter((setting) => setting.secret)
  .map(({ name }) => name)

describe("the image", () => {
  it("is built from pinned images of the Bun that package.json pins", () => {
    const { packageManager }: { readonly packageManager: string } = JSON.parse(
      readFileSync(join(root, "package.json"), "utf8")
    )
    for (const { image } of stages) assert.strictEqual(image, `oven/bun:${packageManager.replace("bun@", "")}-debian`)
  })

  it("runs as a user by number that is not root, and is copied by root", () => {
    assert.deepEqual(allOf(final, "USER"), ["1000:1000"])
    assert.isFalse(
      copies(final).some(({ from }) => from === undefined),
      "the last stage copies from the build context"
    )
    assert.isEmpty(allOf(final, "COPY").filter((words) => words.includes("--chown")))
  })

  it("keeps its data in a volume that its user owns", () => {
    assert.deepEqual(allOf(final, "VOLUME"), [`["${environment(final)["MCPGW_DATA_DIR"]}"]`])
    assert.isTrue(allOf(final, "RUN").some((words) => words.includes(`--owner=1000`) && words.includes(`"/data"`)))
  })

  it("starts, stops and checks its health without a shell", () => {
    assert.deepEqual(execForm(allOf(final, "CMD")[0] ?? ""), ["bun", "run", "apps/gateway"])
    assert.isEmpty(allOf(final, "ENTRYPOINT"))
    assert.deepEqual(allOf(final, "STOPSIGNAL"), ["SIGTERM"])
    assert.isDefined(healthCommand())
  })

  it("exposes the default port", () => {
    assert.deepEqual(allOf(final, "EXPOSE"), [String(settings.port.fallback)])
  })

  it("sets only settings that exist, and no secret", () => {
    for (const name of Object.keys(environment(final))) assert.isTrue(known.has(name), name)
    for (const stage of stages) {
      for (const name of Object.keys(environment(stage))) assert.notMatch(name, /PASSWORD|SECRET|TOKEN|KEY/)
      assert.isEmpty(allOf(stage, "ARG"))
    }
  })

  it("copies what is there, and every workspace's package.json with it", () => {
    for (const { sources } of copies(install)) {
      for (const source of sources)
        assert.isTrue(
          files.some((file) => file === source || file.startsWith(`${source}/`)),
          source
        )
    }
    const workspaces = ["packages", "apps"].flatMap((kind) =>
      readdirSync(join(root, kind)).map((name) => `${kind}/${name}/package.json`)
    )
    assert.isEmpty(workspaces.filter((path) => existsSync(join(root, path)) && !files.includes(path)))
  })

  it.each([
    ".env",
    "apps/gateway/.env",
    "apps/gateway/.env.local",
    ".git/config",
    ".bun/lock",
    "data/keys/keys.json",
    "node_modules/effect/package.json",
    "packages/domain/node_modules/effect",
    "apps/gateway/tls.pem",
    "apps/gateway/test/settings.test.ts"
  ])("never gets %s", (path) => {
    assert.isTrue(ignored(path))
  })
})

interface Service {
  readonly image: string
  readonly build: { readonly context: string; readonly dockerfile: string }
  readonly read_only: boolean
  readonly tmpfs: ReadonlyArray<string>
  readonly cap_drop: ReadonlyArray<string>
  readonly security_opt: ReadonlyArray<string>
  readonly healthcheck: { readonly test: ReadonlyArray<string> }
  readonly ports?: ReadonlyArray<string>
  readonly volumes?: ReadonlyArray<string>
  readonly environment?: Readonly<Record<string, string>>
  readonly env_file?: ReadonlyArray<{ readonly path: string; readonly required: boolean }>
  readonly command?: ReadonlyArray<string>
  readonly profiles?: ReadonlyArray<string>
  readonly stop_grace_period?: string
  readonly depends_on?: unknown
}

describe("docker-compose.yml", () => {
  const compose: {
    readonly services: Readonly<Record<string, Service>>
    readonly volumes: Readonly<Record<string, unknown>>
  } = parse(readFileSync(join(root, "docker-compose.yml"), "utf8"), { merge: true })
  const { gateway, postgres, ...others } = compose.services

  it.each(Object.entries(compose.services).filter(([, service]) => service !== postgres))(
    "%s is built here and may do little",
    (_, service) => {
      assert.isTrue(existsSync(join(root, service.build.context, service.build.dockerfile)))
      assert.isTrue(service.read_only)
      assert.include(service.tmpfs, "/tmp")
      assert.deepEqual(service.cap_drop, ["ALL"])
      assert.deepEqual(service.security_opt, ["no-new-privileges:true"])
      assert.strictEqual(service.healthcheck.test[0], "CMD")
      for (const name of Object.keys(service.environment ?? {}))
        assert.isTrue(known.has(name) && !secret.includes(name), name)
    }
  )

  it("the gateway is published on loopback alone, at the port it listens on", () => {
    assert.deepEqual(gateway?.ports, ["127.0.0.1:${MCPGW_PORT:-7860}:7860"])
    assert.strictEqual(gateway?.environment?.["MCPGW_PORT"], "7860")
    assert.strictEqual(gateway?.environment?.["MCPGW_HOST"], "0.0.0.0")
  })

  it("tokens are bound to the address clients use", () => {
    assert.strictEqual(
      gateway?.environment?.["MCPGW_PUBLIC_URL"],
      "${MCPGW_PUBLIC_URL:-http://localhost:${MCPGW_PORT:-7860}}"
    )
  })

  it("the gateway's data is in a volume that is declared", () => {
    assert.deepEqual(gateway?.volumes, [`data:${environment(final)["MCPGW_DATA_DIR"]}`])
    assert.isTrue("data" in compose.volumes)
  })

  it("checks health as the image does, and takes .env only when it is there", () => {
    assert.deepEqual(gateway?.healthcheck.test, ["CMD", ...(healthCommand() ?? [])])
    assert.deepEqual(gateway?.env_file, [{ path: ".env", required: false }])
  })

  it("waits longer than the gateway drains", () => {
    assert.isAbove(Number.parseInt(gateway?.stop_grace_period ?? "0", 10), settings.drain.fallback)
  })

  it("what its remarks name is there: settings that exist, and files that are mounted where they say", () => {
    const text = readFileSync(join(root, "docker-compose.yml"), "utf8")
    const names = [...text.matchAll(/\b(?:MCPGW|OTEL|ADMIN)_[A-Z_]*[A-Z]\b/g)].map(([name]) => name)
    for (const name of names) assert.isTrue(known.has(name), name)
    for (const name of [
      "ADMIN_PASSWORD",
      "MCPGW_TLS_CERT",
      "MCPGW_SCOPES_FILE",
      "OTEL_PROMETHEUS_PORT",
      "MCPGW_DRAIN_SECONDS"
    ])
      assert.include(names, name)
  })

  it("PostgreSQL waits behind its profile: not published, without a default password, its data in a volume", () => {
    assert.deepEqual(postgres?.profiles, ["postgres"])
    assert.isUndefined(postgres?.ports)
    assert.isTrue(postgres?.read_only)
    assert.deepEqual(postgres?.cap_drop, ["ALL"])
    assert.deepEqual(postgres?.security_opt, ["no-new-privileges:true"])
    // Empty, and the image refuses; required of everybody it would stop those who use SQLite.
    assert.strictEqual(postgres?.environment?.["POSTGRES_PASSWORD"], "${POSTGRES_PASSWORD:-}")
    const [volume = ""] = postgres?.volumes?.[0]?.split(":") ?? []
    assert.isTrue(volume in compose.volumes)
    assert.deepEqual(gateway?.depends_on, { postgres: { condition: "service_healthy", required: false } })
  })

  it("what its remarks say of PostgreSQL leads to that service and is a value the setting may hold", () => {
    const text = readFileSync(join(root, "docker-compose.yml"), "utf8")
    const url = /MCPGW_DATABASE_URL=(\S+)/.exec(text)?.[1]?.replace("<password>", "x") ?? ""
    assert.strictEqual(settings.databaseUrl.parse(url)?._tag, "postgres")
    const { hostname, pathname, username } = new URL(url)
    assert.strictEqual(compose.services[hostname], postgres)
    assert.strictEqual(pathname.slice(1), postgres?.environment?.["POSTGRES_DB"])
    assert.strictEqual(username, postgres?.environment?.["POSTGRES_USER"])
  })

  it("everything else is an example behind the profile demo, not published", () => {
    assert.isNotEmpty(others)
    for (const service of Object.values(others)) {
      // The image declares a volume: what keeps no data would leave an unnamed one behind at every run.
      assert.deepEqual(service.tmpfs, ["/tmp", environment(final)["MCPGW_DATA_DIR"] ?? ""])
      assert.deepEqual(service.profiles, ["demo"])
      assert.isUndefined(service.ports)
    }
  })

  it.each(Object.entries(others))("%s: its command serves, its health check agrees", async (_, service) => {
    const port = String(await freePort())
    const running = spawn({ command: here(service.command ?? []).map((word) => (word === "8000" ? port : word)) })
    try {
      await running.printed(/is listening at/)
      const check = here(service.healthcheck.test.slice(1)).map((word) => word.replace("8000", port))
      assert.strictEqual(await spawn({ command: check }).exited, 0)
    } finally {
      assert.strictEqual(await running.stop(), 0)
    }
  })
})

describe("what the image does", () => {
  const room = tempDir("image")
  const app = join(room.path, "app")
  const data = join(room.path, "data")
  let before: ReadonlyArray<string>
  let port: string

  const env = (): Record<string, string> => ({ ...environment(final), MCPGW_DATA_DIR: data, MCPGW_PORT: port })
  const health = (): Running => spawn({ command: here(healthCommand() ?? []), cwd: app, env: env() })

  beforeAll(async () => {
    port = String(await freePort())
    for (const { sources, target } of copies(install)) copyInto(root, files, sources, join(app, target))
    const installed = spawn({ command: here(execForm(allOf(install, "RUN")[0] ?? "") ?? []), cwd: app })
    assert.strictEqual(await installed.exited, 0, installed.output())
    await chmod("a-w")
    before = listing(app).toSorted()
  }, 120_000)

  afterAll(async () => {
    await chmod("u+w")
    room.remove()
  })

  const chmod = async (mode: string): Promise<void> => {
    assert.strictEqual(await spawn({ command: ["chmod", "-R", mode, app] }).exited, 0)
  }

  it("installs production dependencies alone", () => {
    const installed = readdirSync(join(app, "node_modules", ".bun")).map((name) => name.replace(/@[^@]*$/, ""))
    assert.isNotEmpty(installed)
    for (const name of ["vitest", "oxlint", "typescript"]) assert.notInclude(installed, name)
  })

  it("is not healthy before the start", async () => {
    assert.strictEqual(await health().exited, 1)
  })

  it("starts from a source it does not write to, is healthy, and ends with 0 on SIGTERM", async () => {
    const running = spawn({ command: here(execForm(allOf(final, "CMD")[0] ?? "") ?? []), cwd: app, env: env() })
    try {
      await running.printed(/is ready at/, 30_000)
      const response = await fetch(`http://127.0.0.1:${port}/health`)
      assert.strictEqual(response.status, 200)
      assert.strictEqual(await health().exited, 0)
    } finally {
      assert.strictEqual(await running.stop(), 0, running.output())
    }
    assert.isTrue(existsSync(join(data, "keys")))
    assert.deepEqual(listing(app).toSorted(), before)
  }, 60_000)
})

/** The image's `bun` is this one. */
const here = (command: ReadonlyArray<string>): ReadonlyArray<string> =>
  command.map((word, i) => (i === 0 && word === "bun" ? process.execPath : word))

const healthCommand = (): ReadonlyArray<string> | undefined =>
  execForm(/CMD (.*)$/.exec(allOf(final, "HEALTHCHECK")[0] ?? "")?.[1] ?? "")

/** Every file with its size and time; links are not followed. */
const listing = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return listing(path)
    const { size, mtimeMs } = lstatSync(path)
    return [`${path} ${size} ${mtimeMs}`]
  })
