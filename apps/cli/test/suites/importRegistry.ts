/** `mcpgw import registry`, `jobs`, `show` and `cancel`: against a gateway that asks a registry on loopback through its one dialler. */
import { assert, it } from "vitest"
import { root } from "@mcpgw/testkit/Process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { namesIn } from "../../src/importRegistry.ts"
import type { Stand } from "../support/stand.ts"
import { inTerminal, KEYS } from "../support/terminal.ts"

export const importRegistrySuite = (stand: () => Stand): void => {
  const run = (...words: ReadonlyArray<string>) => stand().run(["import", ...words])

  it("list files hold a name a line, and remarks", () => {
    assert.deepStrictEqual(namesIn("# mine\ncom.example/a\r\n\n  com.example/b # b\ncom.example/a\n"), [
      "com.example/a",
      "com.example/b"
    ])
  })

  it("a dry run says what would be, with the field of what can not be, and changes nothing", async () => {
    const { code, err, out } = await run("registry", "--dry-run")
    assert.strictEqual(code, 0, err)
    assert.match(out, /com\.example\/weather +1\.0\.0 +\/com\.example-weather +created/)
    assert.match(out, /com\.example\/package .*refused +server\.remotes: it is a package to be run \(npm\)/)
    assert.match(out, /com\.example\/broken .*refused +server\.version: must be one version, not a range/)
    assert.match(err, /4 seen: 2 created, 2 refused/)
    assert.notInclude((await stand().run(["servers", "list"])).out, "/com.example-weather")
  })

  it("how far it is is said while it runs, page by page, and never on standard output", async () => {
    const { source } = stand()
    const second = Promise.withResolvers<void>()
    source.paged = second.promise
    const err: Array<string> = []
    const { code, out } = await stand().run(["import", "registry", "--dry-run"], {
      onError: (text) => {
        err.push(text)
        // The second page is sent once something is said of the first.
        if (text.includes("1 seen: 1 created")) second.resolve()
      }
    })
    source.paged = undefined
    assert.strictEqual(code, 0, err.at(-1))
    const lines = err.at(-1)?.split("\n") ?? []
    assert.strictEqual(lines[0], "1 seen: 1 created")
    assert.strictEqual(lines.at(-1), "4 seen: 2 created, 2 refused")
    assert.strictEqual(new Set(lines).size, lines.length, "what has not changed is not said again")
    assert.notInclude(out, " seen")
  })

  /** In a terminal, by a shell that says afterwards how it left the terminal. */
  const selecting = (...words: ReadonlyArray<string>) => {
    const script = '"$@"; echo "ended $?"; stty -a'
    const command = [process.execPath, join(root, "apps/cli/src/main.ts"), "import", "registry", "--select", ...words]
    return inTerminal(["sh", "-c", script, "sh", ...command], stand().env, stand().folder)
  }
  /** Keys are read again, and what is typed is seen. */
  const isSane = (text: string): boolean => {
    const [, settings = ""] = /ended \d+([^]*)$/.exec(text) ?? []
    return ["icanon", "echo", "isig"].every((name) => new RegExp(`\\s${name}\\s`).test(settings))
  }

  it("--select: chosen in a terminal with arrows, space and enter", async () => {
    const { ended, shows, text, type } = selecting("--search", "notes")
    await shows(/Which servers\?[^]*com\.example\/notes 1\.0\.0/)
    assert.notInclude(text(), "com.example/weather")
    for (const key of [KEYS.down, KEYS.down, KEYS.space, KEYS.enter]) type(key)
    await shows(/ended/)
    assert.strictEqual(await ended, 0)
    assert.match(text(), /com\.example\/notes +1\.0\.0 +\/com\.example-notes +created[^]*ended 0/)
    assert.isTrue(isSane(text()), text())
    assert.match((await stand().run(["servers", "list"])).out, /\/com\.example-notes +/)
  })

  it("--select: Ctrl-C chooses nothing, and leaves the terminal as it was", async () => {
    const { ended, shows, text, type } = selecting()
    await shows(/Which servers\?/)
    type(KEYS.down)
    type(KEYS.interrupt)
    await shows(/ended/)
    assert.strictEqual(await ended, 0)
    assert.match(text(), /Nothing was chosen[^]*ended 1/)
    assert.isTrue(isSane(text()), text())
    assert.isAbove(text().lastIndexOf("\u001b[?25h"), text().lastIndexOf("\u001b[?25l"), "the cursor is hidden")
    assert.notInclude((await stand().run(["servers", "list"])).out, "/com.example-weather")
  })

  it("servers of a list file, switched off until somebody looks at them; one that is not known ends it with 1", async () => {
    const file = `${stand().folder}/import.txt`
    writeFileSync(file, "com.example/weather\n")
    const { code, out } = await run("registry", "--list", file, "--json")
    assert.strictEqual(code, 0)
    assert.deepInclude(JSON.parse(out), { state: "finished", seen: 1, created: 1 })
    const record = JSON.parse((await stand().run(["servers", "get", "com.example-weather", "--json"])).out)
    assert.deepInclude(record, { server_name: "Weather of the world", is_enabled: false, trusted_address: false })
    writeFileSync(file, "com.example/weather\ncom.example/nothing\n")
    const half = await run("registry", "--list", file)
    assert.strictEqual(half.code, 1)
    assert.match(half.out, /com\.example\/nothing .*refused +names: the registry does not know this server/)
  })

  it("what was removed here is skipped, and says why; what is refused altogether ends it with 1", async () => {
    assert.strictEqual((await run("registry")).code, 0, "of a whole registry some may be refused")
    assert.strictEqual((await stand().run(["servers", "remove", "com.example-weather"])).code, 0)
    const again = await run("registry")
    assert.strictEqual(again.code, 0, again.err)
    assert.match(again.out, /com\.example\/weather .*skipped +it was removed here; register it to have it back/)
    assert.match(again.err, /1 unchanged, 1 skipped, 2 refused/)
    assert.notInclude(again.out, "com.example/notes", "what is as it was is not worth a line")
    const file = `${stand().folder}/import.txt`
    writeFileSync(file, "com.example/package\ncom.example/broken\n")
    const none = await run("registry", "--list", file)
    assert.strictEqual(none.code, 1)
    assert.match(none.err, /2 of 2 servers were refused/)
    const { source } = stand()
    source.only = ["com.example/package", "com.example/broken"]
    for (const words of [[], ["--dry-run"]]) assert.strictEqual((await run("registry", ...words)).code, 1)
    source.only = undefined
  })

  it("jobs tells dry runs, imports and mirrors apart", async () => {
    const { out } = await run("jobs")
    assert.match(out, /KIND +STATE/)
    assert.match(out, / import +finished /)
    const [, id = ""] = /^(\S+) .* dry run +finished /m.exec(out) ?? []
    const shown = await run("show", id)
    assert.strictEqual(shown.code, 0, shown.err)
    assert.match(shown.out, /com\.example\/package .*refused +server\.remotes: it is a package/)
    assert.match(shown.err, /: dry run, finished, 2 seen: 2 refused\nBegun by \S+\n?$/)
    assert.deepInclude(JSON.parse((await run("show", id, "--json")).out), { dry_run: true, refused: 2 })
    assert.strictEqual((await run("show", "nothing")).code, 4)
  })

  it("a registry that wants a token gets the one of the file, under the header that is named", async () => {
    const { folder, source } = stand()
    const file = `${folder}/registry-token`
    writeFileSync(file, "s3cret-of-the-source\n", { mode: 0o600 })
    source.wants = ["authorization", "Bearer s3cret-of-the-source"]
    const refused = await run("registry")
    assert.strictEqual(refused.code, 1)
    assert.match(refused.err, /status 401: it wants a credential[^]*--from-token-file[^]*--resume/)
    const resumed = await run("registry", "--resume", "--from-token-file", file, "--verbose")
    assert.strictEqual(resumed.code, 0, resumed.err)
    assert.match(resumed.err, /4 seen/)
    source.wants = ["x-registry-key", "s3cret-of-the-source"]
    const wrong = await run("registry", "--dry-run", "--from-token-file", file)
    assert.match(wrong.err, /status 401: it does not take the credential/)
    const right = await run("registry", "--dry-run", "--from-token-file", file, "--from-header", "X-Registry-Key")
    assert.strictEqual(right.code, 0, right.err)
    source.wants = undefined
    for (const { err, out } of [refused, resumed, wrong, right, await run("jobs", "--json")])
      assert.notInclude(out + err, "s3cret")
  })

  it("another mcpgw is a registry that wants a token", async () => {
    const { folder, gateway } = stand()
    const from = gateway.url.replace("127.0.0.1", "localhost")
    const without = await run("registry", "--dry-run", "--from", from)
    assert.strictEqual(without.code, 1)
    assert.match(without.err, /status 401: it wants a credential/)
    const key = await stand().run(["keys", "create", "the other gateway", "--json"])
    writeFileSync(`${folder}/registry-key`, JSON.parse(key.out).key, { mode: 0o600 })
    const { code, err, out } = await run(
      "registry",
      "--dry-run",
      "--from",
      from,
      "--from-token-file",
      `${folder}/registry-key`
    )
    // It is its own source here, and has them already.
    assert.strictEqual(code, 1)
    assert.match(err, /\d+ seen: \d+ refused/)
    assert.match(out, /currenttime .*refused +server\.name: .* is another server's here/)
  })

  it("a registry that fails interrupts; --resume goes on; a mirror is listed and can be ended", async () => {
    const { source } = stand()
    source.trouble = { status: 400 }
    const tried = await run("registry", "--from", source.url, "--dry-run")
    assert.match(tried.err, /answered with status 400[^]*--dry-run/)
    assert.notInclude(tried.err, "--resume")
    const failed = await run("registry", "--from", source.url)
    assert.strictEqual(failed.code, 1)
    assert.match(failed.err, /answered with status 400[^]*--resume/)
    source.trouble = undefined
    assert.strictEqual((await run("registry", "--resume", "--enable")).code, 2, "it goes on with what was asked before")
    assert.strictEqual((await run("registry", "--resume")).code, 0)
    const mirror = await run("registry", "--mirror", "--every", "3600", "--json")
    assert.strictEqual(mirror.code, 0, mirror.err)
    const { id } = JSON.parse(mirror.out)
    assert.match((await run("jobs")).out, new RegExp(`${id} .* waiting `))
    assert.match((await run("cancel", id)).out, /: cancelled, 4 seen/)
    assert.strictEqual((await run("cancel", "nothing")).code, 4)
  })

  it("design §6, SSRF: the gateway dials no private address that is not allowed, and says so", async () => {
    const { code, err } = await run("registry", "--from", "http://127.0.0.1:9")
    assert.strictEqual(code, 1)
    assert.match(err, /may not be dialled/)
    assert.strictEqual((await run("registry", "--from", "registry")).code, 1)
    assert.strictEqual((await run("registry", "--select")).code, 2)
  })
}
