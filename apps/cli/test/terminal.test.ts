/** What others say reaches the terminal as text: no escape code, no hidden link, no line that turns around. */
import { tempDir } from "@mcpgw/testkit/Process"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { afterAll, assert, describe, it } from "vitest"
import { shownText, withPlainConsole } from "../src/plainConsole.ts"
import { COLOUR, visible } from "../src/show/visible.ts"
import { mcpgw } from "./support/run.ts"

const room = tempDir("cli-terminal")
afterAll(() => room.remove())

/** By what each would do. */
const ATTACKS: Readonly<Record<string, string>> = {
  "clears the screen": "\u001b[2J\u001b[H",
  "colours, and hides": "\u001b[8mhidden\u001b[0m",
  "a title": "\u001b]0;title\u0007",
  "a hidden link": "\u001b]8;;https://elsewhere.example\u001b\\click\u001b]8;;\u001b\\",
  "the clipboard": "\u001b]52;c;cm0gLXJm\u0007",
  "the line's begin": "good\rbad",
  "a step back": "abc\b\b\bxyz",
  "an 8-bit code": "\u009b2J\u009d52;c;x\u009c",
  "a turned line": "\u202Egnp.exe\u202c \u2066x\u2069",
  "nothing to see": "a\u200b\u2060\ufeff\u{e0041}b",
  "a line's end of another kind": "a\u2028b\u2029c\u0085d\u000bf\u000cg",
  "delete and nul": "a\u007fb\u0000c"
}
const NASTY = Object.values(ATTACKS).join(" ")

/** Everything but what a line of text is made of. */
const CONTROL = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

describe("issue 6 point 9: the terminal stays ours", () => {
  for (const [what, text] of Object.entries(ATTACKS)) {
    it(what, () => {
      for (const colours of [true, false]) assert.notMatch(shownText(`x ${text} y`, colours, { words: [] }), CONTROL)
      const help = `mcpgw\n\nmcpgw 0.1.0\n\nUSAGE\n\n${text.replaceAll(COLOUR, "")}`
      for (const colours of [true, false]) assert.notMatch(shownText(help, colours, { words: [] }), CONTROL)
    })
  }

  it("what is shown of JSON is the same JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = visible(JSON.stringify({ text }, null, 2))
        assert.notMatch(shown, CONTROL)
        assert.deepStrictEqual(JSON.parse(shown), { text })
      })
    )
  })

  it("letters of any script, tabs and line ends stay", () => {
    const text = "Grüße\tمرحبا می‌خواهم 👩‍💻\nκόσμε\n"
    assert.strictEqual(visible(text), text)
    assert.strictEqual(visible("a\r\nb"), "a\nb")
  })

  it("log lines go the same way", async () => {
    const lines: Array<string> = []
    const keep = (...values: ReadonlyArray<unknown>) => void lines.push(values.map(String).join(" "))
    await Effect.consoleWith((console) =>
      Effect.withConsole(withPlainConsole("1", [])(Effect.logError(NASTY)), {
        ...console,
        unsafe: { ...console.unsafe, log: keep, error: keep }
      } satisfies Console.Console)
    ).pipe(Effect.runPromise)
    assert.notStrictEqual(lines.length, 0)
    assert.notMatch(lines.join("\n"), CONTROL)
  })
})

/** Sends people somewhere else to sign in. */
const elsewhere = (origin: string, path: string, page: string): Response =>
  Response.json({
    issuer: `${origin}/${path}`,
    authorization_endpoint: page,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`
  })

/** A gateway that means ill, and an authorization server to go with it. */
const evil = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request): Response => {
    const { origin, pathname } = new URL(request.url)
    const answers: Readonly<Record<string, () => Response>> = {
      "/.well-known/oauth-authorization-server": () =>
        Response.json({
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          registration_endpoint: `${origin}/register`,
          device_authorization_endpoint: `${origin}/device`
        }),
      "/.well-known/oauth-authorization-server/plain": () => elsewhere(origin, "plain", "http://elsewhere.example/a"),
      "/.well-known/oauth-authorization-server/script": () => elsewhere(origin, "script", "javascript:alert(1)"),
      "/.well-known/oauth-authorization-server/file": () => elsewhere(origin, "file", "file:///bin/sh"),
      "/register": () => Response.json({ client_id: "c", token_endpoint_auth_method: "none" }, { status: 201 }),
      "/device": () =>
        Response.json({
          device_code: "d",
          user_code: `${NASTY}\nSigned in as admin.`,
          verification_uri: `https://elsewhere.example/${NASTY}\nmcpgw: done`,
          expires_in: 5,
          interval: 0.01
        }),
      "/token": () => Response.json({ error: "access_denied", error_description: NASTY }, { status: 400 }),
      "/api/servers": () =>
        Response.json({ error: `no ${NASTY}`, detail: `detail ${NASTY}\nmcpgw: all is well` }, { status: 403 })
    }
    return answers[pathname]?.() ?? Response.json({ error: NASTY, detail: NASTY }, { status: 404 })
  }
})
afterAll(() => evil.stop(true))

const run = (...words: ReadonlyArray<string>) =>
  mcpgw(words, {
    env: { MCPGW_CONFIG_DIR: `${room.path}/config`, MCPGW_URL: `http://127.0.0.1:${evil.port}`, MCPGW_TOKEN: "t" }
  })

describe("issue 6 point 9: a gateway that means ill", () => {
  it("at sign-in: its address and code are one line each", async () => {
    const { code, err, out } = await run("login", "--device")
    assert.strictEqual(code, 3, err)
    assert.notMatch(out + err, CONTROL)
    assert.notMatch(err, /^(?:Signed in as admin|mcpgw: done)/m)
    assert.include(err, "https://elsewhere.example/")
  })

  it("in refusals: no line of it begins as one of ours", async () => {
    for (const words of [["servers", "list"], ["whoami"], ["ping", "--server", "/x"], ["health", "--json"]]) {
      const { code, err, out } = await run(...words)
      assert.notStrictEqual(code, 0)
      assert.notMatch(out + err, CONTROL)
      assert.strictEqual(err.match(/^mcpgw: /gm)?.length, 1, err)
    }
  })

  it("S-12: at sign-in, a page that is no web page, or one that anybody on the way may write, is not opened", async () => {
    for (const path of ["plain", "script", "file"]) {
      const { code, err } = await run("login", "--no-browser", "--url", `http://127.0.0.1:${evil.port}/${path}`)
      assert.strictEqual(code, 3, err)
      assert.match(err, /sends to (?:no web page to sign in|\S+ to sign in, which is not encrypted)/)
    }
  })
})
