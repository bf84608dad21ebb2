/** Resources of the conformance server: text, bytes, a template and one to subscribe to. */
import { type McpServer, ResourceTemplate } from "@modelcontextprotocol/server"
import { PIXELS } from "./Samples.ts"

const PLAIN = { mimeType: "text/plain" }

const addText = (server: McpServer, name: string, uri: string): void => {
  server.registerResource(name, uri, { ...PLAIN, description: `What ${uri} holds` }, ({ href }) => ({
    contents: [{ uri: href, ...PLAIN, text: `this is ${name}` }]
  }))
}

/** Adds them and answers `resources/subscribe` and `resources/unsubscribe`; nothing ever changes by itself. */
export const addResources = (server: McpServer): void => {
  addText(server, "static-text", "test://static-text")
  addText(server, "watched-resource", "test://watched-resource")
  server.registerResource("static-binary", "test://static-binary", { mimeType: "image/png" }, ({ href }) => ({
    contents: [{ uri: href, mimeType: "image/png", blob: PIXELS }]
  }))
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined })
  server.registerResource("template", template, { mimeType: "application/json" }, ({ href }, { id }) => ({
    contents: [{ uri: href, mimeType: "application/json", text: JSON.stringify({ id }) }]
  }))
  server.server.setRequestHandler("resources/subscribe", () => ({}))
  server.server.setRequestHandler("resources/unsubscribe", () => ({}))
}
