/** Documents that are wrong in one way each, as they were seen, with how the field begins that an import is to name. */

type Server = Readonly<Record<string, unknown>>

export type Malformed = readonly [field: string, broken: (server: Server) => unknown]

const remote = (more: object): object => ({ type: "streamable-http", url: "https://a.example.com/mcp", ...more })
const remotes =
  (more: object) =>
  (server: Server): Server => ({ ...server, remotes: [remote(more)] })
const header = (more: object) => remotes({ headers: [{ name: "X-Key", ...more }] })
const set =
  (field: string, value: unknown) =>
  (server: Server): Server => ({ ...server, [field]: value })
const without =
  (field: string) =>
  (server: Server): Server =>
    Object.fromEntries(Object.entries(server).filter(([key]) => key !== field))

export const MALFORMED: ReadonlyArray<Malformed> = [
  ["server.name", (server) => ({ ...server, name: `${String(server["name"])}/again` })],
  ["server.name", set("name", 7)],
  ["server.name", set("name", "no-slash")],
  ["server.name", set("name", "com.example/with space")],
  ["server.name", set("name", "com.example/naïve")],
  ["server.name", set("name", `com.example/${"x".repeat(200)}`)],
  ["server.name", without("name")],
  ["server.description", set("description", "x".repeat(101))],
  ["server.description", set("description", "")],
  ["server.description", set("description", null)],
  ["server.description", without("description")],
  ["server.title", set("title", "x".repeat(101))],
  ["server.version", set("version", "^1.0.0")],
  ["server.version", set("version", "latest")],
  ["server.version", set("version", "1.x")],
  ["server.version", set("version", 1)],
  ["server.version", without("version")],
  ["server.websiteUrl", set("websiteUrl", "example dot com")],
  ["server.repository.url", set("repository", { url: "", source: "" })],
  ["server.repository", set("repository", {})],
  ["server.icons.0.src", set("icons", [{ src: "icon.png" }])],
  ["server.remotes", set("remotes", "https://a.example.com/mcp")],
  ["server.remotes", set("remotes", { type: "sse", url: "https://a.example.com/sse" })],
  ["server.remotes.0.url", remotes({ url: "javascript:alert(1)" })],
  ["server.remotes.0.url", remotes({ url: "a.example.com/mcp" })],
  ["server.remotes.0.url", remotes({ url: "https://a.example.com/m c p" })],
  ["server.remotes.0.url", remotes({ url: "https://user:secret@a.example.com/mcp" })],
  ["server.remotes.0.type", remotes({ type: "http" })],
  ["server.remotes.0.type", remotes({ type: "stdio" })],
  ["server.remotes.0.headers", remotes({ headers: { "X-Key": "v" } })],
  ["server.remotes.0.headers.0.name", header({ name: undefined })],
  ["server.remotes.0.headers.0", header({ name: "Authorization: Bearer", value: "x" })],
  ["server.remotes.0.headers.0", header({ name: "Cookie", value: "a=b" })],
  ["server.remotes.0.headers.0", header({ name: "Mcp-Session-Id", value: "x" })],
  ["server.remotes.0.headers.0", header({ value: "$HOME" })],
  ["server.remotes.0.headers.0", header({ value: "a\r\nX-Other: b" })],
  ["server.packages", set("packages", [{ registryType: "npm", identifier: "x", transport: { type: "grpc" } }])],
  ["server.packages", set("packages", [{ registryType: "npm" }])],
  ["server._meta", set("_meta", { "io.modelcontextprotocol.registry/publisher-provided": { x: "y".repeat(4_097) } })],
  ["server", set("_extra", "x".repeat(70_000))],
  ["server", () => null],
  ["server", () => ["not", "a", "server"]],
  ["server", () => "https://a.example.com/mcp"]
]

/** One after the other. */
export const malformed = (i: number): Malformed => {
  const found = MALFORMED[i % MALFORMED.length]
  if (found === undefined) throw new Error("there is none")
  return found
}
