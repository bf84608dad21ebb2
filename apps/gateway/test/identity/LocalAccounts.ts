/** The gateway's own accounts as an identity provider: people are in its database, machines get the tokens people make for them. */
import { Accounts } from "@mcpgw/identity/Accounts"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { join } from "node:path"
import { openBrowser } from "./Browser.ts"
import { type Idp, MEMBERS, type Person, type Started } from "./Idp.ts"

const member: Person = { username: "ada", password: "correct horse battery 7" }
const stranger: Person = { username: "grace", password: "correct horse battery 8" }

/** Writes accounts with the product's own layer, as an earlier run would have. */
const seed = (dataDir: string): Promise<void> =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    yield* accounts.put({ username: member.username, groups: [MEMBERS] }, member.password)
    yield* accounts.put({ username: stranger.username, groups: [] }, stranger.password)
  }).pipe(
    Effect.provide(Accounts.layerSql.pipe(Layer.provide(Store.layerSqlite({ filename: join(dataDir, "mcpgw.db") })))),
    Effect.provide(Logger.remove(Logger.defaultLogger)),
    Effect.runPromise
  )

export const localAccounts: Idp = {
  name: "local accounts",
  start: async ({ url, dataDir }) => {
    await seed(dataDir)
    const signIn: Started["signIn"] = (browser, { username, password }) =>
      browser.post(`${url}/api/auth/login`, { username, password })
    return {
      env: {},
      member,
      stranger,
      provider: "local",
      signIn,
      machineToken: async (of) => {
        const browser = openBrowser()
        await signIn(browser, of === "member" ? member : stranger)
        const answer = await fetch(`${url}/api/tokens/generate`, {
          method: "POST",
          headers: { cookie: browser.cookiesFor(url), "content-type": "application/json" },
          body: "{}"
        })
        const said: { readonly tokens?: { readonly access_token: string } } = JSON.parse(await answer.text())
        if (said.tokens === undefined) throw new Error(`no token: ${answer.status} ${JSON.stringify(said)}`)
        return said.tokens.access_token
      },
      stop: async () => undefined
    }
  }
}
