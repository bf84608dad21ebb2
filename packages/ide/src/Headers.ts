/**
 * The header form of a configuration: the gateway's credential in `X-Authorization`, the server's own in `Authorization` or its own header
 * (contracts.md §2.13, design.md §6). Values are placeholders in the client's own spelling unless they are given. Sends nothing.
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
  /** A person reads it when they are asked. */
  readonly description: string
  readonly value: string | undefined
}

/** What stands for a value that is not written down, as the client reads it. `id` tells the prompts of several servers apart. */
const REFERENCES: Readonly<Record<IdeName, (variable: string, id: string) => string>> = {
  vscode: (_, id) => `\${input:${id}}`,
  cursor: (variable) => `\${env:${variable}}`,
  "claude-code": (variable) => `\${${variable}}`,
  // It has no way to name one: a person puts the value there.
  cline: (variable) => (variable === GATEWAY_VARIABLE ? "[YOUR_GATEWAY_TOKEN]" : "[YOUR_SERVER_AUTH_TOKEN]"),
  "roo-code": (variable) => `\${env:${variable}}`,
  kiro: (variable) => `\${${variable}}`,
  goose: (variable) => `\${${variable}}`,
  codex: (variable) => variable
}

const backendHeader = ({ header, scheme }: BackendAuth, value: string | undefined): ReadonlyArray<Header> => {
  if (scheme === "none") return []
  const bearer = scheme === "bearer"
  return [
    {
      name: bearer ? "Authorization" : (header ?? "X-API-Key"),
      scheme: bearer ? "Bearer " : "",
      variable: BACKEND_VARIABLE,
      description: "What the server itself asks for",
      value
    }
  ]
}

/** In the order they are written: the server's own first, the gateway's last. */
export const headersOf = ({ backend, gateway, values = {} }: HeaderForm): ReadonlyArray<Header> => [
  ...backendHeader(backend, values.backend),
  ...(gateway
    ? [
        {
          name: "X-Authorization",
          scheme: "Bearer ",
          variable: GATEWAY_VARIABLE,
          description: "Gateway Authentication Token",
          value: values.gateway
        } as const
      ]
    : [])
]

/** Id of the prompt VS Code asks a header's value with. */
export const promptId = (key: string, { variable }: Header): string =>
  `mcpgw-${key}-${variable === GATEWAY_VARIABLE ? "gateway" : "server"}`

/** The headers as a map, placeholders in the client's spelling. */
export const headerMap = (
  ide: IdeName,
  key: string,
  headers: ReadonlyArray<Header>
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    headers.map((header) => [
      header.name,
      `${header.scheme}${header.value ?? REFERENCES[ide](header.variable, promptId(key, header))}`
    ])
  )
