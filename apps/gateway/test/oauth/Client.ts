/** An OAuth client with plain fetch: registers, asks, exchanges, refreshes. Knows only what the gateway's documents say. */
import { createHash, randomBytes } from "node:crypto"
import { Browser, type Page } from "./Browser.ts"

export const CALLBACK = "http://127.0.0.1:7777/callback"

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
  readonly scope: string
  readonly token_type: string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

const read = async (response: Response): Promise<Answer> => {
  const text = await response.text()
  const body: Readonly<Record<string, unknown>> = text.startsWith("{") ? JSON.parse(text) : { text }
  return { status: response.status, headers: response.headers, body }
}

export const register = async (
  gateway: string,
  metadata: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {}
): Promise<Answer> =>
  read(
    await fetch(`${gateway}/oauth/register`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({
        client_name: "Test IDE",
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        ...metadata
      })
    })
  )

/** Registers, and answers the id alone. */
export const clientOf = async (gateway: string, metadata: Readonly<Record<string, unknown>> = {}): Promise<string> => {
  const { body, status } = await register(gateway, metadata)
  if (status !== 201) throw new Error(`registration answered ${status}: ${JSON.stringify(body)}`)
  return String(body["client_id"])
}

export const post = async (
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {}
): Promise<Answer> => read(await fetch(url, { method: "POST", headers, body: new URLSearchParams(form) }))

export interface Asking {
  readonly clientId: string
  readonly resource?: string
  readonly scope?: string
  readonly redirect?: string
  readonly extra?: Readonly<Record<string, string>>
}

export interface Request {
  readonly path: string
  readonly verifier: string
  readonly state: string
  readonly redirect: string
  readonly asking: Asking
}

/** An authorization request, and what its answer is exchanged with. */
export const request = (asking: Asking): Request => {
  const { clientId, resource, scope, redirect = CALLBACK, extra = {} } = asking
  const verifier = randomBytes(32).toString("base64url")
  const state = randomBytes(12).toString("base64url")
  const query = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirect,
    state,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...(resource === undefined ? {} : { resource }),
    ...(scope === undefined ? {} : { scope }),
    ...extra
  })
  return { path: `/oauth/authorize?${query.toString()}`, verifier, state, redirect, asking }
}

/** Where the browser is led to, with what: the client's end of the redirect. */
export const answerOf = (page: Page): URLSearchParams => {
  const location = page.headers.get("location")
  if (location === null) throw new Error(`no redirect but ${page.status} at ${page.url}:\n${page.text}`)
  return new URL(location).searchParams
}

export const exchange = (
  gateway: string,
  { verifier, redirect, asking }: Request,
  code: string,
  more: Readonly<Record<string, string>> = {}
): Promise<Answer> =>
  post(`${gateway}/oauth/token`, {
    grant_type: "authorization_code",
    code,
    redirect_uri: redirect,
    client_id: asking.clientId,
    code_verifier: verifier,
    ...(asking.resource === undefined ? {} : { resource: asking.resource }),
    ...more
  })

export const refresh = (gateway: string, clientId: string, token: string): Promise<Answer> =>
  post(`${gateway}/oauth/token`, { grant_type: "refresh_token", refresh_token: token, client_id: clientId })

export const tokensOf = ({ body, status }: Answer): Tokens => {
  const { access_token, refresh_token, expires_in, scope, token_type } = body
  if (status !== 200 || typeof access_token !== "string") {
    throw new Error(`no tokens but ${status}: ${JSON.stringify(body)}`)
  }
  return {
    access_token,
    refresh_token: String(refresh_token),
    expires_in: Number(expires_in),
    scope: String(scope),
    token_type: String(token_type)
  }
}

export interface Person {
  readonly username: string
  readonly password: string
}

/** Signs in when asked to, allows when asked to; answers the page that leads back to the client. */
export const through = async (browser: Browser, path: string, person: Person): Promise<Page> => {
  let page = await browser.go(path)
  if (page.text.includes('name="password"')) page = await browser.submit(page, { ...person })
  return page.text.includes('value="allow"') ? browser.submit(page, { decision: "allow" }) : page
}

/** The whole way to tokens. */
export const login = async (
  gateway: string,
  person: Person,
  asking: Asking,
  browser = new Browser(gateway)
): Promise<Tokens> => {
  const asked = request(asking)
  const code = answerOf(await through(browser, asked.path, person)).get("code") ?? ""
  return tokensOf(await exchange(gateway, asked, code))
}

/** What a token says; not verified. */
export const claimsOf = (token: string): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"))

/** Opens a session at a route: the least that shows whether a token is good there. */
export const callRoute = (url: string, token: string | undefined, name = "authorization"): Promise<Response> =>
  fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(token === undefined ? {} : { [name]: `Bearer ${token}` })
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } }
    })
  })
