/**
 * A gateway with TLS whose files change while it runs: edited, renamed over, swapped by symbolic link as Kubernetes does, broken, gone.
 * Without openssl nothing here can run; that is said.
 */
import { type Running, tempDir } from "@mcpgw/testkit/Process"
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { Agent } from "node:https"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { eventually } from "../lifecycle/support/Ask.ts"
import { type Backend, startBackend } from "../lifecycle/support/Backend.ts"
import { type Box, makeBox, serverAt } from "../lifecycle/support/Box.ts"
import { claimsFor, gatewayKey, mint } from "../lifecycle/support/Minting.ts"
import { callOver, makePair, openssl, type Pair, shownBy } from "./Certificates.ts"
import { startTicking, type Ticking } from "./Ticking.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
tester:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

/** "Within a few seconds." */
const WITHIN = 15_000

const insecure = { tls: { rejectUnauthorized: false } }

describe.skipIf(openssl === null)("TLS of a running gateway", () => {
  const room = tempDir("tls")
  const mount = join(room.path, "mount")
  const certFile = join(mount, "tls.crt")
  const keyFile = join(mount, "tls.key")
  let box: Box
  let running: Running
  let backend: Backend
  let ticking: Ticking
  let token: string
  let url: string
  const pairs = new Map<string, Pair>()

  const pairOf = (name: string): Pair => {
    const pair = pairs.get(name) ?? makePair(room.path, name)
    pairs.set(name, pair)
    return pair
  }

  /** A version of the secret as the kubelet writes it: a folder, and `..data` renamed over to point at it. */
  const mountVersion = (version: string, { cert, key }: Pair): void => {
    mkdirSync(join(mount, version), { recursive: true })
    writeFileSync(join(mount, version, "tls.crt"), cert)
    writeFileSync(join(mount, version, "tls.key"), key)
    symlinkSync(version, join(mount, "..data_tmp"))
    renameSync(join(mount, "..data_tmp"), join(mount, "..data"))
  }

  const rename = (path: string, text: string): void => {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }

  beforeAll(async () => {
    backend = startBackend()
    ticking = startTicking()
    mountVersion("..2026_01", pairOf("first"))
    symlinkSync("..data/tls.crt", certFile)
    symlinkSync("..data/tls.key", keyFile)
    box = await makeBox({
      scopes: SCOPES,
      servers: [serverAt("/backend", backend.url), serverAt("/ticking", ticking.url)],
      env: { MCPGW_TLS_CERT: certFile, MCPGW_TLS_KEY: keyFile }
    })
    url = box.url.replace("http:", "https:")
    running = await box.start()
    token = mint(gatewayKey(box.dataDir), claimsFor(url, ["tester"]))
  })

  afterAll(async () => {
    await running?.stop()
    await backend?.stop()
    await ticking?.stop()
    box?.remove()
    room.remove()
  })

  interface Ready {
    readonly ready: boolean
    readonly tls: { readonly expires: string; readonly problem: string | null }
  }

  const ready = async (): Promise<Ready> => {
    const response = await fetch(`${url}/ready`, { ...insecure, headers: { connection: "close" } })
    assert.strictEqual(response.status, 200)
    return response.json() as Promise<Ready>
  }

  /** So many new connections in a row are shown it: no listener before takes any. */
  const allShown = (name: string): Promise<void> =>
    eventually(
      `new connections are shown ${name}`,
      async () => {
        // A connection that the kernel had given to a listener at the moment it closes is reset, and clients connect again.
        for (let i = 0; i < 12; i++) if ((await shownBy(box.port).catch(() => undefined)) !== name) return false
        return true
      },
      WITHIN
    )

  const problemNames = async (pattern: RegExp): Promise<void> =>
    eventually(`/ready says ${pattern}`, async () => pattern.test((await ready()).tls.problem ?? ""), WITHIN)

  it("serves the pair it was started with, and says when that ends", async () => {
    assert.strictEqual(await shownBy(box.port), "first")
    const { tls } = await ready()
    assert.isNull(tls.problem)
    assert.isAbove(Date.parse(tls.expires), Date.now() + 29 * 86_400_000)
    assert.match(running.output(), new RegExp(`is ready at https://127.0.0.1:${box.port}`))
  })

  it("a second instance on the same port is refused, though listeners of one gateway share it", async () => {
    const dir = tempDir("second")
    const second = box.launch({ MCPGW_DATA_DIR: dir.path })
    assert.isAbove(await second.exited, 0)
    assert.match(second.output(), /MCPGW_HOST and MCPGW_PORT: 127\.0\.0\.1:\d+ can not be listened on/)
    assert.strictEqual(await shownBy(box.port), "first")
    dir.remove()
  })

  it("a swapped Kubernetes secret: new connections get the new pair; a stream, a call under way and busy clients notice nothing", async () => {
    const stream = await ticking.openThrough(`${url}/ticking/mcp`, token)
    const slowAgent = new Agent({ keepAlive: true, rejectUnauthorized: false })
    const slow = callOver(slowAgent, `${url}/backend/mcp`, token, "slow")
    const busy = { on: true, done: 0, failed: new Array<string>() }
    const clients = Array.from({ length: 6 }, async (_, i) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
      while (busy.on) {
        const status = await callOver(agent, `${url}/backend/mcp`, token, "echo").catch(String)
        if (status === 200) busy.done += 1
        else busy.failed.push(String(status))
        await Bun.sleep(i * 5)
      }
      agent.destroy()
    })
    await eventually("calls run", () => busy.done > 20)

    mountVersion("..2026_02", pairOf("second"))
    await allShown("second")
    const [calls, ticks] = [busy.done, stream.ticks()]
    await eventually("the stream goes on", () => stream.ticks() > ticks + 10)
    await eventually("calls go on", () => busy.done > calls + 20)
    backend.release()
    assert.strictEqual(await slow, 200)
    busy.on = false
    await Promise.all(clients)
    assert.deepEqual(busy.failed, [])
    assert.isFalse(stream.closed())
    stream.cancel()
    slowAgent.destroy()
    assert.match(running.output(), /TLS certificate taken/)
    assert.isNull((await ready()).tls.problem)
  })

  it("an edit in place", async () => {
    const pair = pairOf("third")
    writeFileSync(certFile, pair.cert)
    writeFileSync(keyFile, pair.key)
    await allShown("third")
  })

  it("files renamed over", async () => {
    const pair = pairOf("fourth")
    rename(certFile, pair.cert)
    rename(keyFile, pair.key)
    await allShown("fourth")
  })

  it("a certificate with the key of another keeps the old pair, said once in the log and at /ready", async () => {
    rename(certFile, pairOf("fifth").cert)
    await problemNames(/MCPGW_TLS_KEY holds the key of another certificate/)
    assert.isTrue((await ready()).ready, "still serving")
    await allShown("fourth")
    const said = running.output().match(/level=WARN .*TLS certificate kept as it was/g)
    assert.lengthOf(said ?? [], 1)
  })

  it.each([
    ["a file that is no certificate", /MCPGW_TLS_CERT holds no certificate/, () => rename(certFile, "garbage")],
    ["an empty file", /MCPGW_TLS_CERT holds no certificate/, () => rename(certFile, "")],
    ["a file that is gone", /MCPGW_TLS_CERT can not be read \(ENOENT\)/, () => rmSync(certFile)],
    [
      "a chain that breaks off",
      /MCPGW_TLS_CERT is not accepted/,
      () => rename(certFile, `${pairOf("fourth").cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`)
    ],
    [
      "a key that is none",
      /MCPGW_TLS_KEY holds no private key/,
      () => {
        rename(certFile, pairOf("fourth").cert)
        rename(keyFile, "garbage")
      }
    ]
  ])("%s keeps the old pair", async (_, pattern, spoil) => {
    spoil()
    await problemNames(pattern)
    assert.strictEqual(await shownBy(box.port), "fourth")
  })

  it("a good pair afterwards is taken, and the problem is over", async () => {
    const pair = pairOf("fifth")
    rename(keyFile, pair.key)
    rename(certFile, pair.cert)
    await allShown("fifth")
    await eventually("no problem is left", async () => (await ready()).tls.problem === null)
  })

  it("/ready names no file, and nothing that is said shows a key", async () => {
    rename(keyFile, "garbage")
    await problemNames(/MCPGW_TLS_KEY/)
    assert.notInclude(JSON.stringify(await ready()), mount)
    const secret = pairOf("fifth").key.split("\n")[1] ?? "none"
    assert.notInclude(running.output(), secret)
    rename(keyFile, pairOf("fifth").key)
    await eventually("no problem is left", async () => (await ready()).tls.problem === null, WITHIN)
  })

  it("SIGTERM drains streams of a listener that has retired, too", async () => {
    const stream = await ticking.openThrough(`${url}/ticking/mcp`, token)
    const pair = pairOf("sixth")
    rename(certFile, pair.cert)
    rename(keyFile, pair.key)
    await allShown("sixth")
    assert.isFalse(stream.closed())
    const began = Date.now()
    assert.strictEqual(await running.stop(), 0)
    assert.isTrue(stream.closed())
    assert.isBelow(Date.now() - began, 15_000, "ended by itself, and long before it would be cut")
  })

  it("a pair that does not fit stops the start, told by setting and file", async () => {
    rename(keyFile, pairOf("first").key)
    const launched = box.launch()
    assert.isAbove(await launched.exited, 0)
    assert.include(
      launched.output(),
      `MCPGW_TLS_KEY: held ${JSON.stringify(keyFile)}, which holds the key of another certificate; it may hold a PEM file`
    )
    assert.notInclude(launched.output(), readFileSync(keyFile, "utf8").split("\n")[1] ?? "none")
    assert.notMatch(launched.output(), /is ready at|\n\s+at /)
  })
})
