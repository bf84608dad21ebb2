/** API keys of the administrator, made through the API, for the golden table and for tests of keys. For tests only. */
import { PASSWORD } from "../lifecycle/support/Box.ts"

/** Signs in as administrator; answers the session cookie, `name=value`. */
export const signIn = async (url: string, password = PASSWORD): Promise<string> => {
  const response = await fetch(`${url}/api/auth/login`, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({ username: "admin", password })
  })
  if (response.status !== 200) throw new Error(`sign-in answered ${response.status}: ${await response.text()}`)
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
}

export interface Made {
  readonly id: string
  readonly key: string
}

export const makeKey = async (
  url: string,
  cookie: string,
  limits: Readonly<Record<string, unknown>> = {}
): Promise<Made> => {
  const response = await fetch(`${url}/api/keys`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", cookie },
    body: JSON.stringify({ name: `test ${crypto.randomUUID()}`, ...limits })
  })
  if (response.status !== 201) throw new Error(`the key was not made: ${response.status} ${await response.text()}`)
  return (await response.json()) as Made
}

/** A name of the table → a key. */
export const makeKeys = async (url: string): Promise<Readonly<Record<string, string>>> => {
  const cookie = await signIn(url)
  const [whole, elsewhere, slow, gone] = await Promise.all([
    makeKey(url, cookie),
    makeKey(url, cookie, { servers: ["/other"] }),
    makeKey(url, cookie, { tools: { "/backend": ["slow"] } }),
    makeKey(url, cookie)
  ])
  await fetch(`${url}/api/keys/${gone.id}`, { method: "DELETE", headers: { cookie } })
  const { key } = whole
  return {
    key,
    keyMistyped: `${key.slice(0, 20)}${key[20] === "A" ? "B" : "A"}${key.slice(21)}`,
    keyRevoked: gone.key,
    keyAsPassword: Buffer.from(`admin:${key}`).toString("base64"),
    keyOfOther: elsewhere.key,
    keyOfSlow: slow.key
  }
}
