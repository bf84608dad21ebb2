/**
 * The bundled demo servers: what to register them as, and handlers to mount them in-process (`in-process://{name}/`).
 * Importing this is cheap: the MCP library and the tools are loaded at a server's first request.
 */
import type { McpServer } from "@modelcontextprotocol/server"

/** Serves one HTTP exchange; the URL does not matter, both protocol eras are spoken. */
export type Handler = (request: Request) => Promise<Response>

/** What a gateway registers a demo server with. */
export interface DemoRegistration {
  readonly server_name: string
  readonly description: string
  readonly path: string
  readonly proxy_pass_url: string
  readonly tags: ReadonlyArray<string>
  readonly supported_transports: ReadonlyArray<"streamable-http">
  readonly license: string
  readonly trusted_address: boolean
}

export const names = ["currenttime", "realserverfaketools"] as const
export type DemoName = (typeof names)[number]

export const isDemoName = (text: string): text is DemoName => names.some((name) => name === text)

const common = { supported_transports: ["streamable-http"], license: "Apache-2.0", trusted_address: true } as const

export const registrations: Readonly<Record<DemoName, DemoRegistration>> = {
  currenttime: {
    server_name: "currenttime",
    description: "Tells the current time in any time zone",
    path: "/currenttime",
    proxy_pass_url: "in-process://currenttime/",
    tags: ["time", "timezone", "datetime", "demo"],
    ...common
  },
  realserverfaketools: {
    server_name: "realserverfaketools",
    description: "A real MCP server with make-believe tools of many argument shapes, for trying things out",
    path: "/realserverfaketools",
    proxy_pass_url: "in-process://realserverfaketools/",
    tags: ["demo", "fake", "tools", "testing"],
    ...common
  }
}

/** One handler per demo server, each built once at its first request. */
export const handlers = (): Readonly<Record<DemoName, Handler>> => ({
  currenttime: lazyHandler(async () => {
    const { currentTimeServer } = await import("./CurrentTime.ts")
    return () => currentTimeServer()
  }),
  realserverfaketools: lazyHandler(async () => (await import("./RealServerFakeTools.ts")).realServerFakeToolsServer)
})

const lazyHandler = (load: () => Promise<() => McpServer>): Handler => {
  let built: Promise<Handler> | undefined
  const build = async (): Promise<Handler> => {
    const [{ createMcpHandler }, factory] = await Promise.all([import("@modelcontextprotocol/server"), load()])
    return createMcpHandler(factory, { legacy: "stateless" }).fetch
  }
  return async (request) => (await (built ??= build()))(request)
}
