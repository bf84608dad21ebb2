/** `oidc-provider`, the certified one, as somebody's authorization server on loopback: refresh tokens that rotate, machines, and a person who agrees to everything. */
import { createServer } from "node:http"
import { generateKeyPairSync } from "node:crypto"
import { Provider } from "oidc-provider"
import { freePort } from "@mcpgw/testkit/Process"

export const CALLBACK = "http://127.0.0.1/callback"
export const CLIENT = { client_id: "desk", client_secret: "desk-secret-0123456789-abcdefghij" } as const
export const MACHINE = { client_id: "robot", client_secret: "robot-secret-0123456789-abcdefghi" } as const

const signingKey = () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "k" }
}

export interface TestProvider {
  readonly url: string
  /** Grants, as they were asked for. */
  readonly grants: ReadonlyArray<string>
  /** Answers 503 to everything while it is set. */
  readonly outage: (down: boolean) => void
  readonly close: () => Promise<void>
}

/** `redirectUri`: the one of the client `desk`; `lifetime` of access tokens in seconds. */
export const startProvider = async (redirectUri: string, lifetime = 3600): Promise<TestProvider> => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const grants: Array<string> = []
  let down = false
  const provider = new Provider(url, {
    clients: [
      {
        ...CLIENT,
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: "client_secret_post"
      },
      {
        ...MACHINE,
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: "client_secret_post"
      }
    ],
    cookies: { keys: ["test"] },
    jwks: { keys: [signingKey()] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => Promise.resolve(true),
    ttl: { AccessToken: lifetime, ClientCredentials: lifetime, RefreshToken: 86_400 },
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/agree/${uid}` },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc
      if (client === undefined || session?.accountId === undefined) return undefined
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope("openid profile")
      await grant.save()
      return grant
    }
  })
  provider.on("grant.success", (ctx) => grants.push(String(ctx.oidc.params?.["grant_type"])))
  const rest = provider.callback()
  const server = createServer((request, response) => {
    if (down) {
      response.writeHead(503).end("{}")
      return
    }
    if (request.url?.startsWith("/agree/") !== true) {
      void rest(request, response)
      return
    }
    provider.interactionFinished(request, response, { login: { accountId: "ada" } }).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  return {
    url,
    grants,
    outage: (is) => {
      down = is
    },
    close: () => new Promise((resolve) => server.close(() => resolve()))
  }
}

/** A browser that keeps cookies and follows whatever it is sent to; answers the last page's text. */
export const browse = async (page: string): Promise<string> => {
  const jar = new Map<string, string>()
  let at = page
  for (let i = 0; i < 12; i++) {
    const response = await fetch(at, {
      redirect: "manual",
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") }
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ""] = cookie.split(";")
      jar.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1))
    }
    const location = response.headers.get("location")
    if (location === null) return response.text()
    at = new URL(location, at).href
  }
  throw new Error("sent around in circles")
}
