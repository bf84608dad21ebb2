/**
 * The header form of a configuration: what else the server wants to see, its own credential in `Authorization` or its own header, the gateway's
 * in `X-Authorization` (contracts.md §2.13, design.md §6). Values are placeholders in the client's own spelling unless they are given. Sends nothing.
 */
import type { IdeName } from "./Client.ts"

/** Set by the person before the client starts, where a client reads its environment. */
export const GATEWAY_VARIABLE = "MCPGW_TOKEN"
export const BACKEND_VARIABLE = "MCP_SERVER_TOKEN"

/** What the server itself wants to see. `none`: nothing. */
export interface BackendAuth {
  readonly scheme: "none" | "bearer" | "api_key"
  /** The header of an `api_key`; `X-API-Key` unless given. */
  readonly header?: string
  /** Names of headers it wants besides; a person puts in the values. */
  readonly others?: ReadonlyArray<string>
}

export interface HeaderForm {
  /** False in a registry without a data plane: then no credential of the gateway is of use. */
  readonly gateway: boolean
  readonly backend: BackendAuth
  /** Credentials to write instead of placeholders, without a scheme such as `Bearer`. */
  readonly values?: { readonly gateway?: string | undefined; readonly backend?: string | undefined }
}

/** One header: a scheme before the value, and either the value or the name of what stands for it. */
export interface Header {
  readonly name: string
  readonly scheme: "" | "Bearer "
  readonly variable: string
  /** Told apart from the others of this server by it. */
  readonly id: string
  /** Stands where a client can name no variable. */
  readonly blank: string
  /** A person reads it when they are asked. */
  readonly description: string
  readonly value: string | undefined
}

/** What stands for a value that is not written down, as the client reads it. `prompt` tells the prompts of several servers apart. */
const REFERENCES: Readonly<Record<IdeName, (header: Header, prompt: string) => string>> = {
  vscode: (_, prompt) => `\${input:${prompt}}`,
  cursor: ({ variable }) => `\${env:${variable}}`,
  "claude-code": ({ variable }) => `\${${variable}}`,
  // Its extension reads ${env:NAME}, its other programs over the same file read none: a person puts the value there.
  cline: ({ blank }) => blank,
  "roo-code": ({ variable }) => `\${env:${variable}}`,
  kiro: ({ variable }) => `\${${variable}}`,
  goose: ({ variable }) => `\${${variable}}`,
  codex: ({ variable }) => variable
}

/** `X-Region` is `MCP_HEADER_X_REGION`. */
const otherHeader = (name: string): Header => ({
  name,
  scheme: "",
  variable: `MCP_HEADER_${name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_")}`,
  id: `header-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`,
  blank: `[YOUR_${name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_")}]`,
  description: `The header ${name}`,
  value: undefined
})

const backendHeader = ({ header, scheme }: BackendAuth, value: string | undefined): ReadonlyArray<Header> => {
  if (scheme === "none") return []
  const bearer = scheme === "bearer"
  return [
    {
      name: bearer ? "Authorization" : (header ?? "X-API-Key"),
      scheme: bearer ? "Bearer " : "",
      variable: BACKEND_VARIABLE,
      id: "server",
      blank: bearer ? "[YOUR_SERVER_AUTH_TOKEN]" : "[YOUR_API_KEY]",
      description: "What the server itself asks for",
      value
    }
  ]
}

const gatewayHeader = (value: string | undefined): Header => ({
  name: "X-Authorization",
  scheme: "Bearer ",
  variable: GATEWAY_VARIABLE,
  id: "gateway",
  blank: "[YOUR_GATEWAY_TOKEN]",
  description: "Gateway Authentication Token",
  value
})

/** In the order they are written: the server's other headers first, then its credential, the gateway's last. Each name once. */
export const headersOf = ({ backend, gateway, values = {} }: HeaderForm): ReadonlyArray<Header> => {
  const credentials = [...backendHeader(backend, values.backend), ...(gateway ? [gatewayHeader(values.gateway)] : [])]
  const taken = new Set(credentials.map(({ name }) => name.toLowerCase()))
  const others = (backend.others ?? []).filter((name) => {
    const isNew = !taken.has(name.toLowerCase())
    taken.add(name.toLowerCase())
    return isNew
  })
  return [...others.map(otherHeader), ...credentials]
}

/** Id of the prompt VS Code asks a header's value with. */
export const promptId = (key: string, { id }: Header): string => `mcpgw-${key}-${id}`

/** The headers as a map, placeholders in the client's spelling. */
export const headerMap = (
  ide: IdeName,
  key: string,
  headers: ReadonlyArray<Header>
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    headers.map((header) => [
      header.name,
      `${header.scheme}${header.value ?? REFERENCES[ide](header, promptId(key, header))}`
    ])
  )
