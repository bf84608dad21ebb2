/**
 * `oidc-provider`, the certified one, as somebody else's identity provider on loopback: people by a form, machines by client credentials.
 * For tests only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { type Account, type Configuration, Provider } from "oidc-provider"
import { generateKeyPairSync } from "node:crypto"
import { freePort } from "@mcpgw/testkit/Process"
import { type Idp, MEMBERS, type Person } from "./Idp.ts"
import { tokenOf } from "./tokenOf.ts"

const AUDIENCE = "mcp-gateway"
const RESOURCE = "urn:mcp-gateway"

const member: Person = { username: "ada", password: "correct horse battery 7" }
const stranger: Person = { username: "grace", password: "correct horse battery 8" }

/** People and machines alike. */
const groupsOf = (name: string): ReadonlyArray<string> =>
  name === member.username || name === "machine-member" ? [MEMBERS] : []

const account = (_: unknown, accountId: string): Account => ({
  accountId,
  claims: () => ({ sub: accountId, preferred_username: accountId, groups: [...groupsOf(accountId)] })
})

const machine = (client_id: string) => ({
  client_id,
  client_secret: `${client_id}-secret-0123456789`,
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: []
})

const WEB = { client_id: "gateway", client_secret: "gateway-secret-0123456789" } as const

const configuration = (gateway: string): Configuration => ({
  clients: [
    { ...WEB, redirect_uris: [`${gateway}/oauth2/callback/oidc`] },
    machine("machine-member"),
    machine("machine-stranger")
  ],
  claims: { openid: ["sub", "preferred_username", "groups"] },
  conformIdTokenClaims: false,
  findAccount: account,
  cookies: { keys: [crypto.randomUUID()] },
  jwks: { keys: [signingKey()] },
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  loadExistingGrant: async (ctx) => {
    const { client, provider, session, result, params } = ctx.oidc
    const accountId = result?.login?.accountId ?? session?.accountId
    if (client === undefined || accountId === undefined) return undefined
    const grant = new provider.Grant({ clientId: client.clientId, accountId })
    grant.addOIDCScope(String(params?.["scope"] ?? "openid"))
    grant.addResourceScope(RESOURCE, "openid")
    await grant.save()
    return grant
  },
  extraTokenClaims: (_ctx, token) => ({ groups: "clientId" in token ? [...groupsOf(String(token.clientId))] : [] }),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      getResourceServerInfo: () => ({ scope: "openid", audience: AUDIENCE, accessTokenFormat: "jwt" })
    }
  }
})

const signingKey = () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: crypto.randomUUID() }
}

const form = (problem: string): string =>
  `<!doctype html><title>Sign in</title><p>${problem}</p><form method="post"><input name="username"><input name="password" type="password"></form>`

const bodyOf = async (request: IncomingMessage): Promise<URLSearchParams> => {
  const parts: Array<Buffer> = []
  for await (const part of request) parts.push(Buffer.from(part))
  return new URLSearchParams(Buffer.concat(parts).toString())
}

/** The provider's own sign-in page. */
const interaction = async (provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  response.setHeader("content-type", "text/html")
  if (request.method !== "POST") {
    response.end(form(""))
    return
  }
  const given = await bodyOf(request)
  const known = [member, stranger].find(
    ({ username, password }) => username === given.get("username") && password === given.get("password")
  )
  if (known === undefined) response.end(form("Wrong name or password"))
  else await provider.interactionFinished(request, response, { login: { accountId: known.username } })
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, "127.0.0.1", () => resolve())
  })

export const foreignProvider: Idp = {
  name: "oidc-provider",
  start: async ({ url: gateway }) => {
    const port = await freePort()
    const issuer = `http://127.0.0.1:${port}`
    const provider = new Provider(issuer, configuration(gateway))
    const rest = provider.callback()
    const server = createServer((request, response) => {
      if (request.url?.startsWith("/interaction/") !== true) void rest(request, response)
      else interaction(provider, request, response).catch(() => response.destroy())
    })
    await listen(server, port)
    return {
      env: {
        MCPGW_OIDC_ISSUER: issuer,
        MCPGW_OIDC_AUDIENCE: AUDIENCE,
        MCPGW_OIDC_JWKS_URL: `${issuer}/jwks`,
        MCPGW_OIDC_CLIENT_ID: WEB.client_id,
        MCPGW_OIDC_CLIENT_SECRET: WEB.client_secret
      },
      member,
      stranger,
      provider: "oidc",
      signIn: async (browser, { username, password }) =>
        browser.submit(await browser.open(`${gateway}/oauth2/login/oidc`), { username, password }),
      machineToken: (of) => {
        const { client_id, client_secret } = machine(`machine-${of}`)
        return tokenOf(`${issuer}/token`, { grant_type: "client_credentials", client_id, client_secret })
      },
      stop: () =>
        new Promise((resolve) => {
          server.close(() => resolve())
          server.closeAllConnections()
        })
    }
  }
}
