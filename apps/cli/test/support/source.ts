/** A registry of the official protocol with a handful of servers, on loopback. */

export interface Source {
  readonly url: string
  /** What it answers instead; undefined: nothing else. */
  trouble: { readonly status: number } | undefined
  readonly close: () => void
}

const entry = (name: string, server: object = {}) => ({
  server: {
    name,
    description: `What ${name} does`,
    version: "1.0.0",
    remotes: [{ type: "streamable-http", url: "https://upstream.example.com/mcp" }],
    ...server
  }
})

const ENTRIES = [
  entry("com.example/weather", { title: "Weather of the world" }),
  entry("com.example/notes"),
  entry("com.example/package", {
    remotes: [],
    packages: [{ registryType: "npm", identifier: "x", transport: { type: "stdio" } }]
  }),
  entry("com.example/broken", { version: "^1" })
]

export const startSource = (): Source => {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { pathname } = new URL(request.url)
      if (source.trouble !== undefined) return Response.json({}, source.trouble)
      const [, name] = /^\/v0\.1\/servers\/([^/]+)\/versions\/latest$/.exec(pathname) ?? []
      const found = ENTRIES.find(({ server }) => encodeURIComponent(server.name) === name)
      if (found !== undefined) return Response.json(found)
      if (pathname !== "/v0.1/servers") return Response.json({ error: "Server not found" }, { status: 404 })
      return Response.json({ servers: ENTRIES, metadata: { count: ENTRIES.length } })
    }
  })
  const source: Source = {
    url: `http://127.0.0.1:${server.port}`,
    trouble: undefined,
    close: () => void server.stop(true)
  }
  return source
}
