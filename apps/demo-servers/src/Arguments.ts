/** The command line of the demo servers: parsing and the words that teach it. Pure. */
import { type DemoName, isDemoName, names as demoNames } from "./Demo.ts"

/** What can be served: the demo servers, and one for tests that a gateway does not bundle. */
export const names = [...demoNames, "conformance"] as const
export type Name = DemoName | "conformance"

const isName = (text: string): text is Name => isDemoName(text) || text === "conformance"

export type Arguments =
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly problem: string }
  | { readonly kind: "serve"; readonly name: Name; readonly host: string; readonly port: number }

const DEFAULT_PORTS: Readonly<Record<Name, number>> = {
  currenttime: 8000,
  realserverfaketools: 8002,
  conformance: 8003
}

export const USAGE = `Serve a demo MCP server over streamable HTTP.

Usage:
  bun run apps/demo-servers <server> [--port <n>] [--host <address>]

Servers:
  currenttime           one tool: the current time in a time zone (port ${DEFAULT_PORTS.currenttime})
  realserverfaketools   six make-believe tools of many argument shapes (port ${DEFAULT_PORTS.realserverfaketools})
  conformance           everything the official conformance suite asks of a server (port ${DEFAULT_PORTS.conformance})

Options:
  --port <n>         port to listen on, 0 to 65535; 0 picks a free one
  --host <address>   address to listen on (127.0.0.1); beyond loopback anyone who reaches it may call the tools
  --help             these words

Example:
  bun run apps/demo-servers currenttime --port 8000
  then point an MCP client at http://127.0.0.1:8000/mcp
`

/** Reads the words after the command; the first thing wrong is named with what it held. */
export const parseArguments = (words: ReadonlyArray<string>): Arguments => {
  const found: { name?: Name; host?: string; port?: number } = {}
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ""
    if (word === "--help" || word === "-h") return { kind: "help" }
    if (!word.startsWith("-")) {
      if (found.name !== undefined) return wrong(`one server at a time: ${found.name} was named before ${quoted(word)}`)
      if (!isName(word)) return wrong(`there is no demo server ${quoted(word)}; there are: ${names.join(", ")}`)
      found.name = word
      continue
    }
    const [flag = "", inline] = split(word)
    if (flag !== "--port" && flag !== "--host") return wrong(`unknown option ${quoted(flag)}; options: --port, --host`)
    const value = inline ?? words[++i]
    if (value === undefined || value === "") return wrong(`${flag} needs a value`)
    if (flag === "--host") found.host = value
    else {
      found.port = portOf(value)
      if (Number.isNaN(found.port)) return wrong(`--port held ${quoted(value)}; it may hold 0 to 65535`)
    }
  }
  const { name, host = "127.0.0.1" } = found
  if (name === undefined) return wrong(`name a server: ${names.join(" or ")}`)
  return { kind: "serve", name, host, port: found.port ?? DEFAULT_PORTS[name] }
}

const wrong = (problem: string): Arguments => ({ kind: "wrong", problem })
const quoted = (text: string): string => JSON.stringify(text)

const split = (word: string): [string, string | undefined] => {
  const at = word.indexOf("=")
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

const portOf = (text: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  return port <= 65_535 ? port : Number.NaN
}
