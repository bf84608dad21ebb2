/** The pages for people: signing in by oneself, and one's own account; what they refuse, and what they end. Drawn by a browser: `browser.test.ts`. */
import { describe, expect, it } from "@effect/vitest"
import { OutboundFetch } from "@mcpgw/auth/OutboundFetch"
import { Revocations } from "@mcpgw/auth/Revocations"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { AccountPages, servesPages } from "../src/AccountPages.ts"
import { Accounts } from "../src/Accounts.ts"
import { ApiKeys } from "../src/ApiKeys.ts"
import { AuthorizationServer, type OAuthNote } from "../src/AuthorizationServer.ts"
import { ClientSource } from "../src/ClientSource.ts"
import { Grants } from "../src/Grants.ts"
import { PasswordCost } from "../src/PasswordCost.ts"
import { ProviderLogout } from "../src/ProviderLogout.ts"
import { Sessions } from "../src/Sessions.ts"
import { SignInLinks } from "../src/SignInLinks.ts"

const PUBLIC = "https://gw.example"
const PASSWORD = "a long enough passphrase"
const COOKIE = "__Host-mcp_gateway_session"
const options = { issuer: PUBLIC, audience: PUBLIC }

const layer = (() => {
  const base = Layer.mergeAll(
    KeyRing.layerEphemeral,
    Store.layerMemory,
    Revocations.layerMemory,
    Layer.provide(Accounts.layerMemory, PasswordCost.layerLow),
    OutboundFetch.layerNone,
    ClientSource.layerNone,
    ProviderLogout.layerOf({ keycloak: "https://idp.example/logout" }),
    Grants.layerOf({
      scopesOf: () => [],
      meaningful: (groups) => groups,
      describe: (path) => ({ title: path, reachable: true })
    }),
    Layer.succeed(SignInLinks, () => [{ title: "Keycloak", path: "/oauth2/login/keycloak" }])
  )
  return AccountPages.layer({ publicUrl: PUBLIC }).pipe(
    Layer.provideMerge(AuthorizationServer.layer({ publicUrl: PUBLIC })),
    Layer.provideMerge(Layer.mergeAll(Sessions.layerMemory(options), ApiKeys.layerMemory(options))),
    Layer.provideMerge(base)
  )
})()

interface Page {
  readonly status: number
  readonly location: string | null
  readonly text: string
  readonly headers: Headers
  readonly note: OAuthNote | undefined
}

/** A browser with a jar; says where its forms come from, as all do. */
const open = Effect.map(AccountPages, (pages) => {
  const jar = new Map<string, string>()
  const ask = (
    method: string,
    path: string,
    form?: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = { "sec-fetch-site": "same-origin" }
  ): Effect.Effect<Page> =>
    Effect.gen(function* () {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ")
      const request = new Request(PUBLIC + path, {
        method,
        headers: { ...headers, "user-agent": "Firefox", ...(cookie === "" ? {} : { cookie }) },
        ...(form === undefined ? {} : { body: new URLSearchParams(form) })
      })
      let note: OAuthNote | undefined
      const response = yield* pages.handle(request, { remote: "192.0.2.1", noted: (told) => void (note = told) })
      for (const line of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (value === "") jar.delete(name)
        else jar.set(name, value)
      }
      const text = yield* Effect.promise(() => response.text())
      return {
        status: response.status,
        location: response.headers.get("location"),
        text,
        headers: response.headers,
        note
      }
    })
  return { jar, ask, get: (path: string) => ask("GET", path) }
})

/** Hidden fields of the form with this button; of the first without a name. */
const hidden = (text: string, button = ""): Readonly<Record<string, string>> => {
  const form = text.split("<form").find((part) => part.includes("<input") && part.includes(button)) ?? ""
  const inputs = [...form.matchAll(/<input type="hidden" name="([^"]*)"[^>]* value="([^"]*)"/g)]
  return Object.fromEntries(inputs.map(([, name = "", value = ""]) => [name, value]))
}

const alice = Effect.flatMap(Accounts, (accounts) => accounts.put({ username: "Alice", groups: ["users"] }, PASSWORD))

/** Alice in a browser, signed in through the page. */
const signedIn = Effect.gen(function* () {
  const browser = yield* open
  const page = yield* browser.get("/login?return_to=/account")
  yield* browser.ask("POST", "/login/password", { ...hidden(page.text), username: "alice", password: PASSWORD })
  return browser
})

const test = (name: string, body: Effect.Effect<void, unknown, Layer.Layer.Success<typeof layer>>): void =>
  it.live(name, () => Effect.scoped(Effect.provide(Effect.zipRight(alice, body), layer)))

describe("/login", () => {
  test(
    "a name and a password, or a provider; then the path one came for, with a session",
    Effect.gen(function* () {
      const browser = yield* open
      const page = yield* browser.get("/login?return_to=/account%3Fx=1")
      expect(page.status).toBe(200)
      expect(page.text).toContain('href="/oauth2/login/keycloak?return_to=%2Faccount%3Fx%3D1"')
      expect(page.headers.get("content-security-policy")).toMatch(
        /default-src 'none'.*form-action 'self'.*frame-ancestors 'none'/
      )
      const fields = { ...hidden(page.text), username: "alice", password: PASSWORD }
      const done = yield* browser.ask("POST", "/login/password", fields)
      expect([done.status, done.location]).toEqual([303, "/account?x=1"])
      expect(done.note).toMatchObject({ rule: "page:login", decision: "allow", username: "alice" })
      expect([...browser.jar.keys()]).toEqual([COOKIE])
      const session = yield* (yield* Sessions).find(browser.jar.get(COOKIE) ?? "")
      expect(session).toMatchObject({ username: "Alice", provider: "local" })
      const again = yield* browser.get("/login")
      expect([again.status, again.location]).toEqual([303, "/"])
    })
  )

  test(
    "S-03: leads to a path of ours and nowhere else, whether asked with a link or a form",
    Effect.gen(function* () {
      for (const target of [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\tb"
      ]) {
        const browser = yield* open
        const path = `/login?return_to=${encodeURIComponent(target)}`
        expect((yield* browser.get(path)).status, target).toBe(400)
        const fields = { ...hidden((yield* browser.get("/login")).text), username: "alice", password: PASSWORD }
        const posted = yield* browser.ask("POST", "/login/password", { ...fields, return_to: target })
        expect([posted.status, browser.jar.has(COOKIE)], target).toEqual([400, false])
        const inside = yield* signedIn
        expect((yield* inside.get(path)).location, target).toBeNull()
      }
    })
  )

  test(
    "login CSRF: only a form of this browser's, sent by our page, signs anybody in",
    Effect.gen(function* () {
      const attacker = yield* open
      const theirs = hidden((yield* attacker.get("/login")).text)
      const victim = yield* open
      const own = hidden((yield* victim.get("/login")).text)
      const fields = { username: "alice", password: PASSWORD }
      const elsewhere = yield* open
      const attempts = [
        yield* victim.ask("POST", "/login/password", { ...theirs, ...fields }),
        yield* victim.ask("POST", "/login/password", { ...fields }),
        yield* victim.ask("POST", "/login/password", { ...own, return_to: "/account", ...fields }),
        yield* elsewhere.ask("POST", "/login/password", { ...own, ...fields }),
        yield* victim.ask("POST", "/login/password", { ...own, ...fields }, { origin: "https://evil.example" }),
        yield* victim.ask(
          "POST",
          "/login/password",
          { ...own, ...fields },
          { origin: PUBLIC, "sec-fetch-site": "same-site" }
        )
      ]
      for (const { note, status, text } of attempts) {
        expect([status, note?.decision]).toEqual([403, "none"])
        expect(text).toContain("The form was not from here")
      }
      expect([victim.jar.has(COOKIE), elsewhere.jar.has(COOKIE)]).toEqual([false, false])
      expect((yield* victim.ask("POST", "/login/password", { ...own, ...fields })).status).toBe(303)
    })
  )

  test(
    "S-08: the session a browser came with ends, and a wrong password says no more than that; five are enough",
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const browser = yield* signedIn
      const before = browser.jar.get(COOKIE) ?? ""
      yield* (yield* Accounts).disable("alice", true)
      const page = yield* browser.get("/login")
      expect(page.status).toBe(200)
      const fields = { ...hidden(page.text), username: "alice", password: PASSWORD }
      const out = yield* browser.ask("POST", "/login/password", fields)
      expect([out.status, out.text]).toEqual([401, expect.stringContaining("Wrong username or password")])
      yield* (yield* Accounts).disable("alice", false)
      yield* browser.ask("POST", "/login/password", fields)
      expect(yield* sessions.find(before)).toBeUndefined()
      const guesser = yield* open
      const guess = { ...hidden((yield* guesser.get("/login")).text), username: "nobody", password: '"><b>' }
      for (let i = 0; i < 5; i++) {
        const wrong = yield* guesser.ask("POST", "/login/password", guess)
        expect([wrong.status, wrong.text]).toEqual([401, expect.stringContaining("Wrong username or password")])
        expect(wrong.text).not.toContain("<b>")
      }
      const limited = yield* guesser.ask("POST", "/login/password", guess)
      expect([limited.status, Number(limited.headers.get("retry-after"))]).toEqual([429, expect.closeTo(900, -2)])
    })
  )
})

/** What an application was allowed, as the authorization server writes it down. */
const allowed = (id: string, account: string) =>
  Effect.gen(function* () {
    const { makeConsentStore } = yield* Effect.promise(() => import("../src/oauth/ConsentStore.ts"))
    const sql = yield* (yield* Effect.promise(() => import("@effect/sql/SqlClient"))).SqlClient
    const key = { account, clientId: id, resource: `${PUBLIC}/time/mcp`, redirect: "this computer" }
    yield* makeConsentStore(sql).agree(key, `IDE ${id}`, ["mcp"], 1_700_000_000)
  })

describe("/account", () => {
  test(
    "shows who one is, and what there is; of keys and sessions no value",
    Effect.gen(function* () {
      const keys = yield* ApiKeys
      const plain = { expiresAt: undefined, groups: undefined, limits: undefined }
      const { text } = yield* keys.create("alice", { ...plain, name: "<laptop>" })
      yield* keys.create("alice", { ...plain, name: "spare" })
      yield* keys.verify(text)
      yield* allowed("one", "alice")
      yield* allowed("two", "bob")
      const browser = yield* signedIn
      const page = yield* browser.get("/account")
      expect(page.status).toBe(200)
      for (const words of [
        "Alice",
        "users",
        "Firefox",
        "192.0.2.1",
        "(here)",
        "IDE one",
        "&lt;laptop&gt;",
        "never used"
      ]) {
        expect(page.text).toContain(words)
      }
      expect(page.text).toMatch(/&lt;laptop&gt;<\/strong> \(mcpgw_\w{6}…\), last used <time datetime="20/)
      for (const secret of ["IDE two", text, browser.jar.get(COOKIE) ?? "", "<laptop>", "<script"]) {
        expect(page.text).not.toContain(secret)
      }
      expect([page.headers.get("x-frame-options"), page.headers.get("cache-control")]).toEqual(["DENY", "no-store"])
    })
  )

  test(
    "its buttons end a session, all others, what an application was allowed, and a key; each on record",
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const keys = yield* ApiKeys
      const other = yield* sessions.create({ username: "Alice", groups: [] })
      const third = yield* sessions.create({ username: "Alice", groups: [] })
      yield* keys.create("alice", { name: "laptop", expiresAt: undefined, groups: undefined, limits: undefined })
      yield* allowed("one", "alice")
      const browser = yield* signedIn
      const press = (button: string) =>
        Effect.gen(function* () {
          const { text } = yield* browser.get("/account")
          const told = yield* browser.ask("POST", "/account", { ...hidden(text, `value="${button}"`), action: button })
          expect([told.status, told.location]).toEqual([303, `/account?done=${button}`])
          expect(told.note).toMatchObject({ rule: `page:${button}`, decision: "allow", username: "Alice" })
          return (yield* browser.get(told.location ?? "")).text
        })
      expect(yield* press("end_session")).toContain("The session has ended.")
      expect(
        [yield* sessions.find(other), yield* sessions.find(third)].filter((one) => one !== undefined)
      ).toHaveLength(1)
      yield* press("end_others")
      expect([yield* sessions.find(other), yield* sessions.find(third)]).toEqual([undefined, undefined])
      yield* press("withdraw")
      expect(yield* (yield* AuthorizationServer).consentsOf("alice")).toEqual([])
      yield* press("revoke_key")
      expect(yield* keys.list("alice")).toEqual([])
      expect((yield* browser.get("/account?done=constructor")).text).not.toContain('role="status"')
    })
  )

  test(
    "S-03: takes forms of this very session alone, and nothing of another person's",
    Effect.gen(function* () {
      const keys = yield* ApiKeys
      yield* (yield* Accounts).put({ username: "bob", groups: [] }, PASSWORD)
      const { key } = yield* keys.create("bob", {
        name: "b",
        expiresAt: undefined,
        groups: undefined,
        limits: undefined
      })
      const [one, two] = [yield* signedIn, yield* signedIn]
      const own = hidden((yield* one.get("/account")).text, 'value="sign_out"')
      const action = { action: "end_others" }
      const attempts = [
        yield* two.ask("POST", "/account", { ...own, ...action }),
        yield* one.ask("POST", "/account", action),
        yield* one.ask("POST", "/account", { ...own, ...action }, { origin: "https://evil.example" }),
        yield* one.ask("POST", "/account", { ...own, ...action }, { "sec-fetch-site": "cross-site" })
      ]
      for (const { note, status } of attempts) expect([status, note?.decision]).toEqual([403, "none"])
      expect(yield* (yield* Sessions).list("alice")).toHaveLength(2)
      yield* one.ask("POST", "/account", { ...own, action: "revoke_key", id: key.id })
      expect(yield* keys.list("bob")).toHaveLength(1)
      expect((yield* one.ask("POST", "/account", { ...own, action: "constructor" })).status).toBe(400)
      const nobody = yield* open
      for (const { location } of [
        yield* nobody.get("/account"),
        yield* nobody.ask("POST", "/account", { ...own, ...action })
      ]) {
        expect(location).toBe("/login?return_to=%2Faccount")
      }
    })
  )

  test(
    "the password changes with the old one: other sessions and what applications were allowed end, this session does not",
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const other = yield* sessions.create({ username: "Alice", groups: [] })
      yield* allowed("one", "alice")
      const browser = yield* signedIn
      const fields = { ...hidden((yield* browser.get("/account")).text, 'value="password"'), action: "password" }
      const change = (old: string, fresh: string) => browser.ask("POST", "/account", { ...fields, old, new: fresh })
      expect(yield* change("not it at all", "quite another passphrase")).toMatchObject({
        status: 403,
        note: { decision: "none" }
      })
      const short = yield* change(PASSWORD, "short")
      expect([short.status, short.text]).toEqual([400, expect.stringContaining("The new password is too short")])
      expect((yield* change(PASSWORD, "quite another passphrase")).location).toBe("/account?done=password")
      expect(yield* sessions.find(other)).toBeUndefined()
      expect(yield* (yield* AuthorizationServer).consentsOf("alice")).toEqual([])
      expect((yield* browser.get("/account")).status).toBe(200)
    })
  )

  test(
    "signing out ends the session and takes the cookies away; a provider's person is told where they are signed in still",
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const browser = yield* signedIn
      const value = yield* sessions.create({ username: "Alice", groups: [] }, { provider: "keycloak" })
      browser.jar.set(COOKIE, value)
      const page = yield* browser.get("/account")
      expect(page.text).toContain("by keycloak")
      expect(page.text).not.toContain('value="password"')
      const out = yield* browser.ask("POST", "/account", {
        ...hidden(page.text, 'value="sign_out"'),
        action: "sign_out"
      })
      expect([out.status, out.headers.getSetCookie().length, browser.jar.has(COOKIE)]).toEqual([200, 2, false])
      expect(out.text).toContain('href="https://idp.example/logout"')
      expect(yield* sessions.find(value)).toBeUndefined()
    })
  )
})

describe("the pages' addresses", () => {
  test(
    "answer HEAD as GET without a body, say which methods they take, and bound what they read",
    Effect.gen(function* () {
      const browser = yield* open
      const head = yield* browser.ask("HEAD", "/login")
      expect([head.status, head.text]).toEqual([200, ""])
      const put = yield* browser.ask("PUT", "/account", { a: "b" })
      expect([put.status, put.headers.get("allow")]).toEqual([405, "GET, POST"])
      expect((yield* browser.get("/login/password")).status).toBe(405)
      expect((yield* browser.ask("POST", "/account", { a: "b".repeat(20_000) })).status).toBe(413)
      expect([servesPages("GET", "/login"), servesPages("POST", "/login"), servesPages("GET", "/account/mcp")]).toEqual(
        [true, false, false]
      )
    })
  )
})
