/**
 * The API's description as one page to read: made from the OpenAPI document, without script and without anything from another host. Shows
 * nothing that `/openapi.json` does not.
 */
import { html, type Html } from "@mcpgw/identity/oauth/html"
import { createHash } from "node:crypto"
import { openApiDocument } from "./openApi.ts"

type Json = Readonly<Record<string, unknown>>

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)
const object = (value: unknown): Json => (isJson(value) ? value : {})
const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])
const text = (value: unknown): string => (typeof value === "string" ? value : "")

const STYLE = `:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1a1d21;--soft:#4c545e;--line:#c9ced6;--act:#1a56b0}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1e2226;--ink:#eceff2;--soft:#b3bbc4;--line:#4a525b;--act:#8ab8ff}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem}h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2.5rem 0 .5rem;text-transform:capitalize}
a{color:var(--act)}nav a{margin-right:.75rem;text-transform:capitalize}details{background:var(--card);border:1px solid var(--line);border-radius:.4rem;margin:.4rem 0;padding:.5rem .8rem}
summary{cursor:pointer;overflow-wrap:anywhere}summary b{display:inline-block;min-width:4.5rem}code,pre{font:.875rem/1.45 ui-monospace,monospace}
pre{overflow-x:auto;background:var(--bg);padding:.6rem;border-radius:.3rem}.soft{color:var(--soft)}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-top:1px solid var(--line)}:focus-visible{outline:3px solid var(--act);outline-offset:2px}`

/** Headers of the page. */
export const DOCS_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; "),
  "referrer-policy": "same-origin",
  "cache-control": "public, max-age=300"
}

interface Operation {
  readonly method: string
  readonly path: string
  readonly of: Json
}

const operations = (document: Json): ReadonlyArray<Operation> =>
  Object.entries(object(document["paths"])).flatMap(([path, methods]) =>
    Object.entries(object(methods)).map(([method, of]) => ({ method: method.toUpperCase(), path, of: object(of) }))
  )

/** Deepest level of a schema that is written out. */
const DEPTH = 4

/** A schema in a few words, such as `{ path: string, tags?: string[] }`. */
const words = (schema: Json, schemas: Json, depth = 0): string => {
  const name = text(schema["$ref"]).split("/").at(-1) ?? ""
  if (name !== "") return depth >= DEPTH - 1 ? name : words(object(schemas[name]), schemas, depth + 1)
  const options = [...list(schema["anyOf"]), ...list(schema["oneOf"])].map(object)
  if (options.length > 0) return [...new Set(options.map((option) => words(option, schemas, depth)))].join(" | ")
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value) => JSON.stringify(value)).join(" | ")
  if (schema["type"] === "array") return `${words(object(schema["items"]), schemas, depth + 1)}[]`
  const properties = object(schema["properties"])
  if (Object.keys(properties).length === 0) return text(schema["type"]) || "any"
  return depth >= DEPTH ? "{ … }" : members(properties, list(schema["required"]), schemas, depth)
}

const members = (properties: Json, required: ReadonlyArray<unknown>, schemas: Json, depth: number): string => {
  const indent = "  ".repeat(depth + 1)
  const lines = Object.entries(properties).map(
    ([name, of]) => `${indent}${name}${required.includes(name) ? "" : "?"}: ${words(object(of), schemas, depth + 1)}`
  )
  return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`
}

const content = (of: Json, schemas: Json): ReadonlyArray<Html> => {
  const types = Object.entries(object(of["content"]))
  const [first] = types
  if (first === undefined) return []
  const shape = words(object(object(first[1])["schema"]), schemas)
  return [html`<div class="soft">${types.map(([type]) => type).join(", ")}</div>`, html`<pre>${shape}</pre>`]
}

const parameterRow = (given: unknown, schemas: Json): Html => {
  const parameter = object(given)
  const needed = parameter["required"] === true ? "" : ", optional"
  const shape = words(object(parameter["schema"]), schemas)
  return html`<tr>
    <td><code>${text(parameter["name"])}</code></td>
    <td class="soft">${text(parameter["in"])}${needed}</td>
    <td><code>${shape}</code></td>
  </tr>`
}

const answers = (of: Json, schemas: Json): ReadonlyArray<Html> =>
  Object.entries(object(of["responses"])).map(([status, response]) => {
    const said = html`<p><b>${status}</b> ${text(object(response)["description"])}</p>`
    // Every refusal has the same body, shown once.
    return Number(status) < 400 ? html`${said}${content(object(response), schemas)}` : said
  })

const credentials = (of: Json): string => {
  const names = list(of["security"]).flatMap((way) => Object.keys(object(way)))
  return names.length === 0 ? "Needs no credential." : `Credential: ${names.join(", ")}.`
}

const operationView = ({ method, of, path }: Operation, schemas: Json): Html => {
  const parameters = list(of["parameters"])
  const body = object(of["requestBody"])
  return html`<details>
    <summary><b>${method}</b> <code>${path}</code> <span class="soft">${text(of["summary"])}</span></summary>
    <p>${text(of["description"])}</p>
    <p class="soft">${credentials(of)}</p>
    ${
      parameters.length === 0
        ? undefined
        : html`<table>
            ${parameters.map((given) => parameterRow(given, schemas))}
          </table>`
    }${
      Object.keys(body).length === 0
        ? undefined
        : html`<h4>Body</h4>
            ${content(body, schemas)}`
    }
    <h4>Answers</h4>
    ${answers(of, schemas)}
  </details>`
}

const group = (name: string, of: ReadonlyArray<Operation>, schemas: Json): Html =>
  html`<h2 id="${name}">${name}</h2>
    ${of.map((operation) => operationView(operation, schemas))}`

const make = (): string => {
  const document = openApiDocument()
  const info = object(document["info"])
  const schemas = object(object(document["components"])["schemas"])
  const groups = Map.groupBy(operations(document), ({ of }) => text(list(of["tags"])[0]))
  const problem = words(object(schemas["Problem"]), schemas)
  const body = html`<h1>${text(info["title"])}</h1>
    <p>${text(info["description"])}</p>
    <p>For programs: <a href="openapi.json">openapi.json</a> (OpenAPI ${text(document["openapi"])}).</p>
    <nav>${[...groups.keys()].map((name) => html`<a href="#${name}">${name}</a>`)}</nav>
    <h2 id="refusals">Refusals</h2>
    <p>
      Every refusal is <code>application/problem+json</code> (RFC 9457); of input that can not be used every field is
      named.
    </p>
    <pre>${problem}</pre>
    ${[...groups].map(([name, of]) => group(name, of, schemas))}`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><link rel="icon" href="data:,"><title>API · mcpgw</title><style>${STYLE}</style></head>
<body><main>${body.text}</main></body></html>`
}

let page: string | undefined

/** Made once: it depends on nothing but the code. */
export const docsPage = (): string => (page ??= make())
