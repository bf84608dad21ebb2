/** The launcher from outside: it finds or fetches a Bun, installs once, runs, passes signals and exit codes. */
import { hostname } from "node:os"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { bunOf, type Checkout, makeCheckout, node, npmThatFetches } from "./support/Checkout.ts"

let checkout: Checkout
beforeEach(() => {
  checkout = makeCheckout()
})
afterEach(() => checkout.remove())

const runtimes = [["Bun", process.execPath] as const, ...(node === undefined ? [] : [["Node", node] as const])]
const withNode = describe.skipIf(node === undefined)
const realNode = node ?? process.execPath

describe.each(runtimes)("words, under %s", (_, runtime) => {
  it.each(["--help", "-h", "help"])("%s prints the commands and ends with 0", async (word) => {
    const running = checkout.launch(runtime, word)
    assert.strictEqual(await running.exited, 0)
    for (const command of ["npm start", "npm test", "bench", "conformance", "audit", "npm run mcpgw", "exec"])
      assert.include(running.output(), command)
  })

  it("no command prints them too, and ends with 2", async () => {
    const running = checkout.launch(runtime)
    assert.strictEqual(await running.exited, 2)
    assert.include(running.output(), "npm start")
  })

  it.each(["strat", "constructor", "--version"])(
    "an unknown command, %s, is told what there is; nothing is installed",
    async (word) => {
      const running = checkout.launch(runtime, word)
      assert.strictEqual(await running.exited, 2)
      assert.include(
        running.output(),
        `unknown command "${word}"; it may be start, test, bench, conformance, audit, rotate-keys, mcpgw, exec or --help`
      )
      assert.isFalse(checkout.has(".bun"))
    }
  )
})

describe("which Bun", () => {
  it("the one that runs the launcher; none in PATH is needed", async () => {
    checkout.write(
      "node_modules/.mcpgw-lock",
      new Bun.CryptoHasher("sha256").update(checkout.read("bun.lock")).digest("hex")
    )
    const running = checkout.launch(
      process.execPath,
      "exec",
      "-e",
      "process.stdout.write(Bun.version + ' ' + process.execPath)"
    )
    assert.strictEqual(await running.exited, 0, running.output())
    assert.include(running.output(), `${Bun.version} ${process.execPath}`)
  })

  withNode("under Node", () => {
    it("the one in PATH; npm is not asked", async () => {
      checkout.command("bun", bunOf("1.4.4"))
      checkout.command("npm", "exit 9")
      assert.strictEqual(await checkout.launch(realNode, "exec", "run", "x", "--flag", "two words").exited, 0)
      assert.deepEqual(checkout.record(), ["bun install --frozen-lockfile", "bun run x --flag two words"])
    })

    it.each(["1.4.5", "1.10.0", "2.0.0", "1.5.0-canary.1"])("%s in PATH is new enough", async (version) => {
      checkout.command("bun", bunOf(version))
      assert.strictEqual(await checkout.launch(realNode, "exec").exited, 0)
    })

    it.each(["1.4.3", "1.3.99", "0.9.9", "nonsense"])(
      "%s in PATH is not; one is fetched, as package.json pins it",
      async (version) => {
        checkout.command("bun", bunOf(version, "exit 8"))
        checkout.command("npm", npmThatFetches("1.4.4"))
        const running = checkout.launch(realNode, "exec", "run", "x")
        assert.strictEqual(await running.exited, 0, running.output())
        assert.match(
          running.output(),
          version === "nonsense" ? /no Bun found; 1\.4\.4 is needed/ : /Bun \S+ found; 1\.4\.4 or later is needed/
        )
        assert.strictEqual(
          checkout.record()[0],
          `npm install --prefix ${checkout.path}/.bun --no-save --ignore-scripts --no-audit --no-fund bun@1.4.4`
        )
      }
    )

    it("of the builds fetched, the first that runs; the next launch fetches none", async () => {
      checkout.command("npm", npmThatFetches("1.4.4"))
      assert.strictEqual(await checkout.launch(realNode, "exec", "run", "x").exited, 0)
      assert.strictEqual(
        checkout.record().at(-1),
        `build ${checkout.path}/.bun/node_modules/@oven/bun-test-x64-baseline/bin`
      )
      assert.strictEqual(await checkout.launch(realNode, "exec", "run", "y").exited, 0)
      assert.lengthOf(
        checkout.record().filter((line) => line.startsWith("npm")),
        1
      )
      assert.lengthOf(
        checkout.record().filter((line) => line.startsWith("bun install")),
        1
      )
    })

    it("a fetched one that is older than the pin is fetched anew", async () => {
      checkout.command("npm", npmThatFetches("1.4.3"))
      const running = checkout.launch(realNode, "exec")
      assert.strictEqual(await running.exited, 1)
      assert.match(running.output(), /the npm registry has no Bun 1\.4\.4 that runs on/)
      checkout.command("npm", npmThatFetches("1.4.4"))
      assert.strictEqual(await checkout.launch(realNode, "exec").exited, 0)
    })

    it("npm that is missing is told, with what to do", async () => {
      const running = checkout.launch(realNode, "start")
      assert.strictEqual(await running.exited, 1)
      assert.include(
        running.output(),
        "npm is not there to fetch Bun; install Node with npm, or install Bun 1.4.4 or later"
      )
    })

    it("npm that fails (offline) is told, with what to do; nothing half-made stays", async () => {
      checkout.command("npm", "echo 'npm error code ENOTFOUND' >&2; exit 1")
      const running = checkout.launch(realNode, "start")
      assert.strictEqual(await running.exited, 1)
      assert.match(running.output(), /ENOTFOUND/)
      assert.match(running.output(), /bun@1\.4\.4 could not be fetched \(npm ended with 1\); check the network/)
      assert.notMatch(running.output(), /\n\s+at /, "a stack trace")
      assert.isFalse(checkout.has(".bun/lock"))
    })
  })
})

withNode("dependencies", () => {
  beforeEach(() => checkout.command("bun", bunOf("1.4.4")))

  const installs = (): number => checkout.record().filter((line) => line === "bun install --frozen-lockfile").length

  it("are installed once, and again when the lockfile changed", async () => {
    for (const expected of [1, 1]) {
      assert.strictEqual(await checkout.launch(realNode, "exec").exited, 0)
      assert.strictEqual(installs(), expected)
    }
    checkout.write("bun.lock", "two\n")
    assert.strictEqual(await checkout.launch(realNode, "exec").exited, 0)
    assert.strictEqual(installs(), 2)
  })

  it("what can not be installed ends the launch with that code; the next one tries again", async () => {
    checkout.command("bun", `if [ "$1" = --version ]; then echo 1.4.4; exit 0; fi; echo "bun $*" >> "$RECORD"; exit 3`)
    const running = checkout.launch(realNode, "start")
    assert.strictEqual(await running.exited, 3)
    assert.match(running.output(), /dependencies could not be installed \(bun install ended with 3\)/)
    assert.isFalse(checkout.has(".bun/lock"))
    checkout.command("bun", bunOf("1.4.4"))
    assert.strictEqual(await checkout.launch(realNode, "exec").exited, 0)
    assert.strictEqual(installs(), 2)
  })

  it("two launches at once: one fetches and installs, the other waits for it", async () => {
    checkout.command("bun", bunOf("1.0.0"))
    checkout.command("npm", npmThatFetches("1.4.4", 1))
    const both = [checkout.launch(realNode, "exec", "run", "a"), checkout.launch(realNode, "exec", "run", "b")]
    for (const running of both) assert.strictEqual(await running.exited, 0, running.output())
    assert.lengthOf(
      checkout.record().filter((line) => line.startsWith("npm")),
      1
    )
    assert.strictEqual(installs(), 1)
    assert.isTrue(both.some((running) => running.output().includes("waiting for another launch to finish installing")))
    assert.isFalse(checkout.has(".bun/lock"))
  })

  it("a lock whose holder is gone is taken over", async () => {
    const gone = checkout.run("sh", "-c", "exit 0")
    await gone.exited
    checkout.write(".bun/lock", JSON.stringify({ pid: gone.pid, host: hostname() }))
    assert.strictEqual(await checkout.launch(realNode, "exec").exited, 0)
    assert.isFalse(checkout.has(".bun/lock"))
  })
})

withNode("running", () => {
  it("start passes its words on, and what the gateway would start itself over for", async () => {
    checkout.command("bun", bunOf("1.4.4"))
    assert.strictEqual(await checkout.launch(realNode, "start", "--help").exited, 0)
    assert.deepEqual(checkout.record().slice(1), [
      "bun --max-http-header-size=65536 run --no-orphans apps/gateway --help"
    ])
  })

  it("bench passes its words on", async () => {
    checkout.command("bun", bunOf("1.4.4"))
    assert.strictEqual(await checkout.launch(realNode, "bench", "--quick").exited, 0)
    assert.strictEqual(checkout.record().at(-1), "bun run apps/bench --quick")
  })

  it("conformance and audit too", async () => {
    checkout.command("bun", bunOf("1.4.4"))
    assert.strictEqual(await checkout.launch(realNode, "conformance").exited, 0)
    assert.strictEqual(await checkout.launch(realNode, "audit", "5").exited, 0)
    assert.deepEqual(checkout.record().slice(1), [
      "bun run apps/gateway/test/conformance/run.ts",
      "bun run apps/deploy/audit.mjs 5"
    ])
  })

  it("the exit code is the command's", async () => {
    checkout.command("bun", bunOf("1.4.4", "exit 42"))
    assert.strictEqual(await checkout.launch(realNode, "exec").exited, 42)
  })

  it("a command that a signal ended ends the launch with 128 and its number", async () => {
    checkout.command("bun", bunOf("1.4.4", "kill -KILL $$"))
    assert.strictEqual(await checkout.launch(realNode, "exec").exited, 137)
  })

  /** Ends with 10 and how many signals it got, some time after the first. */
  const counting = bunOf(
    "1.4.4",
    `n=0
trap 'n=$((n + 1)); echo "got TERM"' TERM
trap 'n=$((n + 1)); echo "got INT"' INT
echo waiting
while [ $n -eq 0 ]; do sleep 0.05; done
sleep 0.4
exit $((10 + n))`
  )

  it.each([
    ["SIGTERM", "TERM"],
    ["SIGINT", "INT"],
    ["SIGHUP", "TERM"]
  ] as const)("%s goes through to the command as %s, and its exit code comes back", async (signal, got) => {
    checkout.command("bun", counting)
    const running = checkout.launch(realNode, "start")
    await running.printed(/waiting/)
    process.kill(running.pid, signal)
    assert.strictEqual(await running.exited, 11)
    assert.include(running.output(), `got ${got}`)
  })

  it("one signal that arrives twice, by npm and by the terminal, goes through once", async () => {
    checkout.command("bun", counting)
    const running = checkout.launch(realNode, "start")
    await running.printed(/waiting/)
    process.kill(running.pid, "SIGINT")
    await running.printed(/got INT/)
    process.kill(running.pid, "SIGINT")
    assert.strictEqual(await running.exited, 11)
  })
})
