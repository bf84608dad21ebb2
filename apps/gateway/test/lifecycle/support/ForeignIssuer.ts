/**
 * Somebody else's OpenID provider on loopback, the certified `oidc-provider`, with one person and one client: the gateway. For tests only.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { generateKeyPairSync } from "node:crypto"
import { freePort } from "@mcpgw/testkit/Process"
import { Provider } from "oidc-provider"

export const CLIENT = { id: "gateway", secret: "gateway-secret-0123456789" } as const

export interface ForeignIssuer {
  readonly issuer: string
  /** What the person is in from now on. */
  groups: ReadonlyArray<string>
  readonly stop: () => Promise<void>
}

/** `callback`: the one redirect URI it knows. */
export const startForeignIssuer = async (callback: string): Promise<ForeignIssuer> => {
  const issuer = `http://127.0.0.1:${await freePort()}`
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
  const key = { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "foreign-1" }
  const state: { groups: ReadonlyArray<string> } = { groups: [] }
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [callback] }],
    claims: { openid: ["sub"], profile: ["preferred_username", "name", "groups"], email: ["email", "email_verified"] },
    findAccount: (_, accountId) => ({
      accountId,
      claims: () => ({
        sub: accountId,
        preferred_username: "admin",
        name: "Ada Lovelace",
        email: "ada@example.org",
        email_verified: true,
        groups: [...state.groups]
      })
    }),
    jwks: { keys: [key] },
    cookies: { keys: [crypto.randomUUID()] },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    loadExistingGrant: async (ctx) => {
      const { client, session, provider: own, params } = ctx.oidc
      if (client === undefined || session?.accountId === undefined) return undefined
      const grant = new own.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope(String(params?.["scope"] ?? ""))
      await grant.save()
      return grant
    }
  })
  const rest = provider.callback()
  /** The person is asked for nothing, and signs in. */
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url?.startsWith("/interaction/") !== true) return void rest(request, response)
    await provider.interactionFinished(request, response, { login: { accountId: "person-1" } })
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(Number(new URL(issuer).port), "127.0.0.1", () => resolve()))
  return Object.assign(state, {
    issuer,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  })
}

/** A browser: follows redirects, keeps cookies by host name and port. */
export const makeBrowser = () => {
  const jars = new Map<string, Map<string, string>>()
  const jarOf = (url: string): Map<string, string> => {
    const { host } = new URL(url)
    const jar = jars.get(host) ?? new Map<string, string>()
    jars.set(host, jar)
    return jar
  }
  const cookies = (url: string): string => [...jarOf(url)].map(([name, value]) => `${name}=${value}`).join("; ")
  /** One request, no redirect followed. */
  const step = async (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> => {
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie: cookies(url), accept: "text/html", ...headers }
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (cookie.split(";")[0] ?? "").split(/=(.*)/s)
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(cookie)) jarOf(url).delete(name)
      else jarOf(url).set(name, value)
    }
    return response
  }
  /** Follows redirects until one leads to `stopAt`, or there is none; the places it went through. */
  const go = async (
    url: string,
    stopAt = "\n"
  ): Promise<{ readonly last: Response; readonly trail: ReadonlyArray<string> }> => {
    const trail = [url]
    for (;;) {
      const at = trail.at(-1) ?? url
      const last = await step(at)
      const location = last.headers.get("location")
      if (location === null || trail.length > 20) return { last, trail }
      const next = new URL(location, at).href
      trail.push(next)
      if (next.startsWith(stopAt)) return { last, trail }
    }
  }
  return { cookies, go, step }
}
