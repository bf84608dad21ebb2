/**
 * contracts §2.14: a token of each of the eleven providers, of one server on loopback that wants to be asked as each of them documents it and
 * answers as they do. Its table is written down apart from the one it checks.
 */
import { it } from "@effect/vitest"
import * as BunContext from "@effect/platform-bun/BunContext"
import { freePort, tempDir } from "@mcpgw/testkit/Process"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, describe } from "vitest"
import { openFolder } from "../src/creds/folder.ts"
import { Grants } from "../src/creds/Grants.ts"
import { obtainEgress } from "../src/creds/obtain.ts"
import { knownProviders, type Provider, PROVIDER_NAMES, providerOf } from "../src/creds/providers.ts"
import type { EgressSet } from "../src/creds/settings.ts"
import { browse } from "./support/provider.ts"

const ID = "desk one"
const SECRET = "s3cret/with:signs+and%"

interface Wants {
  /** Host and path; undefined: nobody is asked. */
  readonly authorize: string | undefined
  readonly token: string
  readonly auth?: "basic"
  /** As it stands in the request. */
  readonly scope: string | null
  readonly more?: Readonly<Record<string, string>>
  /** What it answers beside, or in place of, the usual. */
  readonly answers?: Readonly<Record<string, unknown>>
  readonly cloudId?: string
}

const POOL = "pool.example.com"

const WANTS: Readonly<Record<string, Wants>> = {
  atlassian: {
    authorize: "auth.atlassian.com/authorize",
    token: "auth.atlassian.com/oauth/token",
    scope: "read:jira-work write:jira-work read:confluence-content.all offline_access",
    more: { audience: "api.atlassian.com", prompt: "consent" },
    cloudId: "site-of-atlassian"
  },
  google: {
    authorize: "accounts.google.com/o/oauth2/v2/auth",
    token: "oauth2.googleapis.com/token",
    scope: "openid email profile",
    more: { access_type: "offline", prompt: "consent" },
    answers: { id_token: "not.for.us" }
  },
  github: {
    authorize: "github.com/login/oauth/authorize",
    token: "github.com/login/oauth/access_token",
    scope: "read:user repo",
    answers: { expires_in: undefined, scope: "repo,read:user" }
  },
  microsoft: {
    authorize: "login.microsoftonline.com/common/oauth2/v2.0/authorize",
    token: "login.microsoftonline.com/common/oauth2/v2.0/token",
    scope: "openid profile offline_access User.Read"
  },
  slack: {
    authorize: "slack.com/oauth/v2/authorize",
    token: "slack.com/api/oauth.v2.access",
    scope: "channels:read,chat:write",
    answers: { ok: true, token_type: "bot" }
  },
  discord: {
    authorize: "discord.com/oauth2/authorize",
    token: "discord.com/api/oauth2/token",
    scope: "identify"
  },
  linkedin: {
    authorize: "www.linkedin.com/oauth/v2/authorization",
    token: "www.linkedin.com/oauth/v2/accessToken",
    scope: "openid profile",
    answers: { token_type: undefined }
  },
  spotify: {
    authorize: "accounts.spotify.com/authorize",
    token: "accounts.spotify.com/api/token",
    auth: "basic",
    scope: "user-read-private"
  },
  twitter: {
    authorize: "x.com/i/oauth2/authorize",
    token: "api.x.com/2/oauth2/token",
    auth: "basic",
    scope: "tweet.read users.read offline.access"
  },
  cognito: {
    authorize: `${POOL}/oauth2/authorize`,
    token: `${POOL}/oauth2/token`,
    scope: "openid email profile"
  },
  cognito_m2m: { authorize: undefined, token: `${POOL}/oauth2/token`, scope: null }
}

const SITES = "api.atlassian.com/oauth/token/accessible-resources"

/** What the server was asked, for the provider of the test that runs. */
let wanted: Wants
let asked: Array<string> = []
let challenge: string | null = null

const sha256 = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("base64url")

const agree = (url: URL): Response => {
  const { searchParams: sent } = url
  const { code_challenge, redirect_uri, state, ...rest } = Object.fromEntries(sent)
  assert.deepStrictEqual(rest, {
    client_id: ID,
    response_type: "code",
    code_challenge_method: "S256",
    scope: wanted.scope ?? "",
    ...wanted.more
  })
  challenge = code_challenge ?? null
  return Response.redirect(`${redirect_uri}?code=once&state=${state}`, 302)
}

const clientOf = (request: Request, sent: URLSearchParams): string => {
  const [, basic] = /^Basic (.+)$/.exec(request.headers.get("authorization") ?? "") ?? []
  assert.strictEqual(basic !== undefined, wanted.auth === "basic", "how the client proves itself")
  if (basic === undefined) return `${sent.get("client_id")} ${sent.get("client_secret")}`
  assert.isNull(sent.get("client_secret"), "one way at a time, RFC 6749 §2.3")
  const [id = "", secret = ""] = atob(basic).split(":")
  return [id, secret].map((part) => decodeURIComponent(part.replaceAll("+", " "))).join(" ")
}

const token = async (request: Request): Promise<Response> => {
  const sent = new URLSearchParams(await request.text())
  assert.strictEqual(clientOf(request, sent), `${ID} ${SECRET}`)
  const grant = sent.get("grant_type") ?? ""
  asked.push(grant)
  if (grant === "authorization_code") {
    assert.strictEqual(sent.get("code"), "once")
    assert.strictEqual(sha256(sent.get("code_verifier") ?? ""), challenge)
  }
  if (grant === "refresh_token") assert.strictEqual(sent.get("refresh_token"), "again")
  if (grant === "client_credentials") assert.strictEqual(sent.get("scope"), wanted.scope)
  const person = grant === "client_credentials" ? {} : { refresh_token: "again" }
  return Response.json({
    access_token: `token ${asked.length}`,
    token_type: "Bearer",
    expires_in: 3600,
    ...person,
    ...wanted.answers
  })
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request) => {
    const url = new URL(request.url)
    const place = url.pathname.slice(1)
    try {
      if (place === wanted.authorize && request.method === "GET") return agree(url)
      if (place === wanted.token && request.method === "POST") return await token(request)
      if (place === SITES) {
        asked.push(`sites with ${request.headers.get("authorization")}`)
        return Response.json([{ id: wanted.cloudId, url: "https://one.example" }, { id: "another" }])
      }
    } catch (error) {
      asked.push(String(error))
    }
    return Response.json({ error: "invalid_request" }, { status: 400 })
  }
})
const room = tempDir("providers")
afterAll(async () => {
  await server.stop(true)
  room.remove()
})

/** The same place on the server of this test. */
const here = (url: string): string => url.replace("https://", `http://127.0.0.1:${server.port}/`)

const local = (provider: Provider): Provider => ({
  ...provider,
  token: here(provider.token),
  authorize: provider.authorize === undefined ? undefined : here(provider.authorize),
  sites: provider.sites === undefined ? undefined : here(provider.sites)
})

const known = knownProviders({ domain: `https://${POOL}`, userPoolId: undefined, region: undefined })

describe("contracts §2.14: eleven providers, each asked as it documents it", () => {
  it("none of them is left out", () => assert.sameMembers(Object.keys(WANTS), [...PROVIDER_NAMES]))

  for (const [name, wants] of Object.entries(WANTS)) {
    it.live(`${name}: how the client proves itself, scopes, what else is said, and the answer's token`, () =>
      Effect.gen(function* () {
        const provider = known.get(name)
        if (provider === undefined) return assert.fail(`no ${name}`)
        wanted = wants
        asked = []
        const set: EgressSet = {
          number: 1,
          provider: local(provider),
          server: undefined,
          clientId: ID,
          clientSecret: Redacted.make(SECRET),
          redirectUri: `http://127.0.0.1:${yield* Effect.promise(freePort)}/callback`,
          scopes: provider.scopes
        }
        const folder = yield* openFolder(join(room.path, name))
        const read = () => JSON.parse(readFileSync(join(folder.path, `${name}-egress.json`), "utf8"))
        const ask = (page: URL) => Effect.sync(() => void browse(page.href).catch(() => asked.push("no browser")))
        yield* obtainEgress(folder, set, { ask, first: false })

        const sites = wants.cloudId === undefined ? [] : ["sites with Bearer token 1"]
        const first = wants.authorize === undefined ? "client_credentials" : "authorization_code"
        assert.deepStrictEqual(asked, [first, ...sites])
        assert.deepInclude(read(), { provider: name, access_token: "token 1", cloud_id: wants.cloudId ?? null })
        assert.notInclude(JSON.stringify(read()), "not.for.us")

        yield* obtainEgress(folder, set, { ask: undefined, first: false })
        const again = wants.authorize === undefined ? "client_credentials" : "refresh_token"
        assert.deepStrictEqual(asked, [first, ...sites, again], "a site that is known is not asked for again")
        assert.deepInclude(read(), { access_token: `token ${asked.length}`, cloud_id: wants.cloudId ?? null })
      }).pipe(Effect.provide([Grants.layer, BunContext.layer]))
    )
  }

  it("design §6: a token of another's token endpoint is not shown to Atlassian, whatever the set is called", () => {
    const sitesOf = (token: string) =>
      Either.map(
        providerOf(
          "atlassian",
          { authorize: undefined, token },
          { domain: undefined, userPoolId: undefined, region: undefined }
        ),
        ({ sites }) => sites
      )
    assert.deepStrictEqual(sitesOf("https://tokens.example.com/token"), Either.right(undefined))
    assert.deepStrictEqual(sitesOf("https://auth.atlassian.com/oauth/token"), Either.right(`https://${SITES}`))
  })
})
