/**
 * What a client's configuration says about one server: the entry, what VS Code asks for beside it, and the whole as a file of its own.
 * Formats as documented by each client (`IDES` names the pages) and in contracts.md §2.13. Pure; puts no secret in that it was not given.
 */
import * as Toml from "smol-toml"
import { stringify } from "yaml"
import { IDES, type IdeName } from "./Client.ts"
import { type Header, headerMap, type HeaderForm, headersOf, promptId } from "./Headers.ts"

export interface Target {
  /** The entry's name, see `keyOf`. */
  readonly key: string
  /** Where the client speaks Streamable HTTP. */
  readonly url: string
  /** For clients that show one. */
  readonly description?: string
}

export type Value = string | number | boolean | ReadonlyArray<Value> | { readonly [name: string]: Value }
export type Entry = { readonly [name: string]: Value }

/** A question VS Code asks once and remembers encrypted. */
export type Prompt = {
  readonly type: "promptString"
  readonly id: string
  readonly description: string
  readonly password: true
}

/** Entry and questions of one server. */
export interface Config {
  readonly key: string
  readonly entry: Entry
  /** VS Code alone has them. */
  readonly inputs: ReadonlyArray<Prompt>
}

const KEY_LENGTH = 64

/**
 * The entry's name: the server's path without outer slashes, what clients refuse in names replaced by `-`. `/team/search` is `team-search`.
 */
export const keyOf = (path: string): string => {
  const name = path
    .replace(/^\/+|\/+$/g, "")
    .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
    .slice(0, KEY_LENGTH)
  return name === "" ? "mcpgw" : name
}

const some = (headers: Entry): Entry => (Object.keys(headers).length === 0 ? {} : { headers })

/** Codex names variables that hold the whole header; what is given is written as it is. */
const codexHeaders = (key: string, headers: ReadonlyArray<Header>): Entry => {
  const given = headers.filter(({ value }) => value !== undefined)
  const named = headers.filter(({ value }) => value === undefined)
  return {
    ...(given.length === 0 ? {} : { http_headers: headerMap("codex", key, given) }),
    ...(named.length === 0
      ? {}
      : { env_http_headers: Object.fromEntries(named.map(({ name, variable }) => [name, variable])) })
  }
}

const gooseHeaders = (key: string, headers: ReadonlyArray<Header>): Entry => {
  const variables = headers.filter(({ value }) => value === undefined).map(({ variable }) => variable)
  return { ...(variables.length === 0 ? {} : { env_keys: variables }), ...some(headerMap("goose", key, headers)) }
}

const ENTRIES: Readonly<Record<IdeName, (target: Target, headers: ReadonlyArray<Header>) => Entry>> = {
  vscode: ({ key, url }, headers) => ({ type: "http", url, ...some(headerMap("vscode", key, headers)) }),
  cursor: ({ key, url }, headers) => ({ url, ...some(headerMap("cursor", key, headers)) }),
  "claude-code": ({ key, url }, headers) => ({ type: "http", url, ...some(headerMap("claude-code", key, headers)) }),
  cline: ({ key, url }, headers) => ({
    type: "streamableHttp",
    url,
    disabled: false,
    ...some(headerMap("cline", key, headers))
  }),
  "roo-code": ({ key, url }, headers) => ({
    type: "streamable-http",
    url,
    disabled: false,
    alwaysAllow: [],
    ...some(headerMap("roo-code", key, headers))
  }),
  kiro: ({ key, url }, headers) => ({ url, ...some(headerMap("kiro", key, headers)) }),
  goose: ({ description = "", key, url }, headers) => ({
    name: key,
    description: description === "" ? `${key} through the MCP gateway` : description,
    type: "streamable_http",
    uri: url,
    enabled: true,
    timeout: 300,
    ...gooseHeaders(key, headers)
  }),
  codex: ({ key, url }, headers) => ({ url, ...codexHeaders(key, headers) })
}

const inputsOf = (key: string, headers: ReadonlyArray<Header>): ReadonlyArray<Prompt> =>
  headers
    .filter(({ value }) => value === undefined)
    .map((header) => ({
      type: "promptString",
      id: promptId(key, header),
      description: `${header.description} (${key})`,
      password: true
    }))

/** URL alone (the client signs in with OAuth) unless a header form is given. */
export const configOf = (ide: IdeName, target: Target, form?: HeaderForm): Config => {
  const headers = form === undefined ? [] : headersOf(form)
  return {
    key: target.key,
    entry: ENTRIES[ide](target, headers),
    inputs: ide === "vscode" ? inputsOf(target.key, headers) : []
  }
}

/** A file that says this and nothing else, with a line end. */
export const fileText = (ide: IdeName, { entry, inputs, key }: Config): string => {
  const { format, section } = IDES[ide]
  const whole = { [section]: { [key]: entry }, ...(inputs.length === 0 ? {} : { inputs }) }
  if (format === "toml") return `${Toml.stringify(whole).trim()}\n`
  return format === "yaml" ? stringify(whole, { lineWidth: 0 }) : `${JSON.stringify(whole, null, 2)}\n`
}
