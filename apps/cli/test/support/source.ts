/** A registry of the official protocol with a handful of servers, on loopback. */

export interface Source {
  readonly url: string
  /** What it answers instead; undefined: nothing else. */
  trouble: { readonly status: number } | undefined
  /** While it is set the first page is one server, and the second, the others, waits for it. */
  paged: Promise<void> | undefined
  /** Names of the servers it lists; undefined: all. */
  only: ReadonlyArray<string> | undefined
  /** The header it wants, name and value; undefined: it lets in whoever comes. */
  wants: readonly [name: string, value: string] | undefined
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
    fetch: async (request) => {
      const { pathname, searchParams } = new URL(request.url)
      if (source.trouble !== undefined) return Response.json({}, source.trouble)
      const [header, value = ""] = source.wants ?? []
      if (header !== undefined && request.headers.get(header) !== value) return Response.json({}, { status: 401 })
      const [, name] = /^\/v0\.1\/servers\/([^/]+)\/versions\/latest$/.exec(pathname) ?? []
      const found = ENTRIES.find(({ server }) => encodeURIComponent(server.name) === name)
      if (found !== undefined) return Response.json(found)
      if (pathname !== "/v0.1/servers") return Response.json({ error: "Server not found" }, { status: 404 })
      const isFirst = searchParams.get("cursor") === null
      if (source.paged !== undefined && isFirst) {
        return Response.json({ servers: ENTRIES.slice(0, 1), metadata: { count: 1, nextCursor: "second" } })
      }
      await source.paged
      const listed = ENTRIES.filter(({ server }) => source.only?.includes(server.name) ?? true)
      const servers = isFirst ? listed : listed.slice(1)
      return Response.json({ servers, metadata: { count: servers.length } })
    }
  })
  const source: Source = {
    url: `http://127.0.0.1:${server.port}`,
    trouble: undefined,
    paged: undefined,
    only: undefined,
    wants: undefined,
    close: () => void server.stop(true)
  }
  return source
}
