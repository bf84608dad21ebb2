/** Somebody leaves whose identity provider names them: what they have here ends by the provider's name of them, too (design §6). */
import { describe, expect, it } from "@effect/vitest"
import { RevocationNotStored, Revocations } from "@mcpgw/auth/Revocations"
import type { Verifier } from "@mcpgw/auth/Verifiers"
import { type AccountEdit, editAccount } from "@mcpgw/identity/accountChanges"
import { Accounts } from "@mcpgw/identity/Accounts"
import { ApiKeys } from "@mcpgw/identity/ApiKeys"
import { environmentProviders } from "@mcpgw/identity/ProvidersEnvironment"
import { Sessions } from "@mcpgw/identity/Sessions"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { make } from "../src/ControlPlane.ts"
import { call, layer, PUBLIC_URL, signedIn } from "./support/plane.ts"

const ISSUER = "https://idp.example"
const SETTINGS: Readonly<Record<string, string>> = {
  MCPGW_OIDC_ISSUER: ISSUER,
  MCPGW_OIDC_CLIENT_ID: "gateway",
  MCPGW_OIDC_CLIENT_SECRET: "s3cret"
}
const identityProviders = Either.getOrThrow(environmentProviders((name) => SETTINGS[name]))

const person = (subject: string) => ({
  subject,
  username: subject,
  email: undefined,
  displayName: undefined,
  groups: ["mcp-registry-user"]
})

describe("POST /api/tokens/revoke of a subject of an identity provider", () => {
  it.scoped("ends the sessions and keys of the account they have here, and nobody else's", () =>
    Effect.gen(function* () {
      const plane = yield* make
      const accounts = yield* Accounts
      const sessions = yield* Sessions
      const arrive = (provider: string, subject: string) =>
        Effect.gen(function* () {
          const { account } = yield* accounts.signIn(provider, person(subject))
          const cookie = yield* sessions.create(account, { provider })
          const key = (yield* (yield* ApiKeys).create(account.username, {
            name: "laptop",
            expiresAt: undefined,
            groups: undefined,
            limits: undefined
          })).text
          const me = (sent: { readonly cookie: string } | { readonly bearer: string }) =>
            Effect.map(call(plane, "GET", "/api/auth/me", sent), ({ status }) => status)
          return Effect.all([me({ cookie }), me({ bearer: key })])
        })
      const leaver = yield* arrive("oidc", "ada")
      const colleague = yield* arrive("oidc", "bob")
      const namesake = yield* arrive("another", "ada")
      expect(yield* leaver).toEqual([200, 200])
      const json = { issuer: ISSUER, subject: "ada" }
      const answer = yield* call(plane, "POST", "/api/tokens/revoke", { cookie: yield* signedIn("admin"), json })
      expect([answer.status, answer.body]).toEqual([200, { success: true, ...json }])
      expect(yield* leaver).toEqual([401, 401])
      expect(yield* colleague).toEqual([200, 200])
      expect(yield* namesake).toEqual([200, 200])
    }).pipe(Effect.provide(layer({ identityProviders })))
  )

  it.scoped("and by the name of their account here what the provider gave them ends as well", () =>
    Effect.gen(function* () {
      const plane = yield* make
      const revocations = yield* Revocations
      const accounts = yield* Accounts
      yield* accounts.signIn("oidc", person("ada"))
      yield* accounts.signIn("another", { ...person("x-1"), username: "eve" })
      const cookie = yield* signedIn("admin")
      const revoke = (subject: string) => call(plane, "POST", "/api/tokens/revoke", { cookie, json: { subject } })
      const isDead = (issuer: string, subject: string): boolean => revocations.hasSubject(issuer, subject, undefined)
      expect((yield* revoke("eve")).status).toBe(200)
      expect(isDead(ISSUER, "x-1")).toBe(false)
      expect((yield* revoke("ADA")).status).toBe(200)
      expect([isDead(PUBLIC_URL, "ada"), isDead(ISSUER, "ada"), isDead(PUBLIC_URL, `${ISSUER}|ada`)]).toEqual([
        true,
        true,
        true
      ])
      expect(isDead(ISSUER, "bob")).toBe(false)
    }).pipe(Effect.provide(layer({ identityProviders })))
  )
})

/** As their provider's token proves somebody: its text is their subject. */
const tokens: Verifier = {
  name: "tokens of the provider",
  recognises: ({ kind, value }) => kind === "bearer" && !value.includes("."),
  verify: ({ value }) =>
    Effect.succeed({
      issuer: ISSUER,
      subject: value,
      username: "whatever",
      clientId: "page",
      groups: ["mcp-registry-admin"],
      scopes: [],
      audience: [PUBLIC_URL],
      expiresAt: Number.MAX_SAFE_INTEGER,
      tokenId: undefined,
      method: "oidc"
    })
}

describe("an administrator with their provider's token", () => {
  it.scoped("changes and removes another's account, and not their own", () =>
    Effect.gen(function* () {
      const plane = yield* make
      const accounts = yield* Accounts
      for (const subject of ["ada", "bob"]) yield* accounts.signIn("oidc", person(subject))
      const ask = (method: string, path: string, json?: object) =>
        Effect.map(call(plane, method, path, { bearer: "ada", json }), ({ status }) => status)
      for (const edit of [{ disabled: true }, { groups: [] }]) {
        expect(yield* ask("PATCH", "/api/accounts/ADA", edit)).toBe(403)
      }
      expect(yield* ask("DELETE", "/api/users/ada")).toBe(403)
      expect(yield* accounts.get("ada")).toMatchObject({ disabled: false, groups: ["mcp-registry-user"] })
      expect(yield* ask("PATCH", "/api/accounts/bob", { disabled: true })).toBe(200)
    }).pipe(Effect.provide(layer({ identityProviders, verifiers: [tokens] })))
  )
})

describe("PATCH /api/accounts/{username} of an identity provider's person", () => {
  it.scoped(
    "ends what they were given under every name, there too, when they are disabled or their groups are set",
    () =>
      Effect.gen(function* () {
        const plane = yield* make
        const revocations = yield* Revocations
        const accounts = yield* Accounts
        for (const subject of ["ada", "bob", "cleo", "dora"]) yield* accounts.signIn("oidc", person(subject))
        const cookie = yield* signedIn("admin")
        const edit = (username: string, json: object) =>
          call(plane, "PATCH", `/api/accounts/${username}`, { cookie, json })
        const dead = (subject: string) =>
          [PUBLIC_URL, ISSUER]
            .map((issuer) => revocations.hasSubject(issuer, subject, undefined))
            .concat(revocations.hasSubject(PUBLIC_URL, `${ISSUER}|${subject}`, undefined))
        expect((yield* edit("ADA", { disabled: true })).status).toBe(200)
        expect((yield* edit("bob", { groups: [] })).status).toBe(200)
        // Of what they may have held at the provider since they last came here nothing is known.
        expect((yield* edit("cleo", { groups: person("cleo").groups })).status).toBe(200)
        expect((yield* edit("dora", { disabled: false })).status).toBe(200)
        expect([dead("ada"), dead("bob"), dead("cleo"), dead("dora")]).toEqual([
          [true, true, true],
          [true, true, true],
          [true, true, true],
          [false, false, false]
        ])
      }).pipe(Effect.provide(layer({ identityProviders })))
  )
})

describe("editAccount", () => {
  it.scoped("that failed to end what was made with a group ends it when it is sent again", () =>
    Effect.gen(function* () {
      const accounts = yield* Accounts
      const revocations = yield* Revocations
      yield* accounts.put({ username: "alice", groups: ["eng", "ops"] }, "a long enough passphrase")
      const alice = { issuer: PUBLIC_URL, subject: "alice", username: "alice" }
      const edit = (change: AccountEdit) => editAccount([alice], "alice", change)
      const failing = Revocations.of({
        ...revocations,
        revokeSubject: () => new RevocationNotStored({ cause: "no room left" })
      })
      const failed = (change: AccountEdit) => Effect.flip(Effect.provideService(edit(change), Revocations, failing))
      yield* failed({ groups: ["eng"] })
      yield* edit({ groups: ["eng"] })
      expect(revocations.hasSubject(PUBLIC_URL, "alice", undefined)).toBe(true)
      expect((yield* accounts.get("alice"))?.groups).toEqual(["eng"])
      yield* failed({ disabled: true })
      expect((yield* accounts.get("alice"))?.disabled, "shutting out waits for nothing").toBe(true)
    }).pipe(Effect.provide(layer()))
  )
})
