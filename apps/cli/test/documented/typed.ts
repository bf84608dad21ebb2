/** A documented line as words for `mcpgw`: what starts the script is left aside, and the files it names are those of the test. Pure. */
import { join } from "node:path"

/** Documented names of files, and the test's. */
const FILES: Readonly<Record<string, string>> = {
  "<config.json>": "server.json",
  "/path/to/config.json": "server.json",
  "server-config.json": "server.json",
  "/path/to/token-file.json": "token-file.json",
  "token.json": "token.json",
  "names.txt": "names.txt",
  ".oauth-tokens/ingress.json": ".oauth-tokens/ingress.json"
}

export interface Typed {
  readonly env: Readonly<Record<string, string>>
  readonly words: ReadonlyArray<string>
}

/** As a shell splits it. */
const split = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare ?? "")

const VARIABLE = /^([A-Z_]+)=(.*)$/
const STARTS = new Set(["uv", "run", "python"])

export const typed = (line: string, folder: string): Typed => {
  const all = split(line.replace(/^cd \S+ && /, ""))
  const begins = all.findIndex((word) => !VARIABLE.test(word) && !STARTS.has(word))
  const env = all.slice(0, begins).flatMap((word) => {
    const [, name, value] = VARIABLE.exec(word) ?? []
    return name === undefined || value === undefined ? [] : [[name, value] as const]
  })
  const words = all.slice(begins).map((word) => {
    const file = FILES[word]
    return file === undefined ? word : join(folder, file)
  })
  return { env: Object.fromEntries(env), words }
}
