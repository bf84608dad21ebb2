/** An administrator who registers server after server, and knows which were acknowledged. For tests only. */
import { assert } from "vitest"
import { PASSWORD } from "./Box.ts"

export interface Registrar {
  /** Signs in anew. */
  readonly signIn: () => Promise<void>
  readonly headers: (more?: Readonly<Record<string, string>>) => Readonly<Record<string, string>>
  /** Registers number n and answers the status; undefined when no answer came. */
  readonly register: (n: number) => Promise<number | undefined>
  /** Registers on until `most` were tried, `enough` were acknowledged or no answer comes. */
  readonly work: (most: number, enough?: number) => Promise<void>
  readonly acknowledged: ReadonlySet<number>
  /** Everything registered, description by path. */
  readonly held: () => Promise<ReadonlyMap<string, string>>
}

export const pathOf = (n: number): string => `/server-${n}`
export const descriptionOf = (n: number): string => `Number ${n}, ${"x".repeat(n % 500)}.`

const formOf = (n: number) =>
  new URLSearchParams({
    name: `Server ${n}`,
    description: descriptionOf(n),
    path: pathOf(n),
    proxy_pass_url: `http://127.0.0.1:1/${n}/mcp`
  })

export const makeRegistrar = (url: string): Registrar => {
  const acknowledged = new Set<number>()
  let cookie = ""
  let tried = 0
  const headers: Registrar["headers"] = (more = {}) => ({ accept: "application/json", cookie, ...more })
  const register: Registrar["register"] = async (n) => {
    try {
      const response = await fetch(`${url}/api/register`, { method: "POST", headers: headers(), body: formOf(n) })
      await response.arrayBuffer()
      return response.status
    } catch {
      return undefined
    }
  }
  return {
    acknowledged,
    headers,
    register,
    signIn: async () => {
      const body = new URLSearchParams({ username: "admin", password: PASSWORD })
      const response = await fetch(`${url}/api/auth/login`, { method: "POST", headers: headers(), body })
      assert.strictEqual(response.status, 200)
      cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
    },
    work: async (most, enough = most) => {
      while (tried < most && acknowledged.size < enough) {
        const n = tried++
        const status = await register(n)
        if (status === undefined) return
        assert.strictEqual(status, 201, `registration ${n}`)
        acknowledged.add(n)
      }
    },
    held: async () => {
      const response = await fetch(`${url}/api/server_details/all`, { headers: headers() })
      assert.strictEqual(response.status, 200)
      const records: Readonly<Record<string, { readonly description: string }>> = JSON.parse(await response.text())
      return new Map(Object.entries(records).map(([path, { description }]) => [path, description]))
    }
  }
}
