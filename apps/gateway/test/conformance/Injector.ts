/**
 * Puts an access token on every request for the gateway, because the suite can not. Otherwise it changes only its own name in `Host` and
 * `Origin` for the gateway's, as a client that had the gateway's address would have sent them; foreign names stay foreign.
 */
export interface Injector {
  /** `http://127.0.0.1:{port}`. */
  readonly url: string
  readonly stop: () => Promise<void>
}

export const startInjector = (gateway: string, token: string): Injector => {
  const theirs = new URL(gateway)
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: async (request, { port }) => {
      const { pathname, search } = new URL(request.url)
      const mine = `127.0.0.1:${port}`
      const headers = new Headers(request.headers)
      for (const name of ["host", "origin"]) {
        const given = headers.get(name)
        if (given !== null) headers.set(name, given.replace(mine, theirs.host))
      }
      headers.set("authorization", `Bearer ${token}`)
      const body = request.method === "POST" ? await request.arrayBuffer() : null
      const { method, signal } = request
      return fetch(theirs.origin + pathname + search, {
        method,
        headers,
        body,
        signal,
        redirect: "manual",
        decompress: false,
        timeout: false
      })
    }
  })
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) }
}
