/** The one layer between the replaced system's command lines and ours: follows the table of `replaced.ts`, and knows no command itself. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { badField, failed, type Failure, usage } from "../Failure.ts"
import { fileProblem } from "../fileProblem.ts"
import { type Match, matched, patternOf } from "./pattern.ts"
import { REPLACED, type Replaced } from "./replaced.ts"

/** What a script is called without its folder and its ending. */
export const scriptName = (script: string): string => script.replace(/^.*\//, "").replace(/\.(?:sh|py)$/, "")

const ServerFile = Schema.parseJson(Schema.Struct({ path: Schema.NonEmptyString }))

/** The path that a server's file names. */
const pathIn = (file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const text = yield* Effect.mapError(fs.readFileString(file), (error) =>
      usage(`${JSON.stringify(file)} can not be read: ${fileProblem(error)}`)
    )
    const { path } = yield* Effect.mapError(Schema.decode(ServerFile)(text), () =>
      usage(`${JSON.stringify(file)} names no server`, "it may hold JSON with a path, such as /weather")
    )
    return [path]
  })

/** `http://host/currenttime/mcp` is a gateway and a server; `http://host/mcp` a gateway alone. */
const gatewayIn = (address: string): Effect.Effect<ReadonlyArray<string>, Failure> => {
  const url = URL.parse(address)
  if (url === null) return badField("--url", address, "an http:// or https:// URL")
  const path = url.pathname.replace(/\/(?:mcp|sse)?\/*$/, "").replace(/^\/+/, "")
  return Effect.succeed(["--url", url.origin, ...(path === "" ? [] : ["--server", path])])
}

/** What a server that was registered here is called by the official protocol. */
const publishedName = (path: string): string => `io.mcpgateway/${path.replace(/^\/+|\/+$/g, "")}`

/** One word of `now`. */
const filled = (word: string, { values }: Match) => {
  const [, filter = "", name = ""] = /^\{(?:(path|gateway|published) )?([^}]+)\}$/.exec(word) ?? []
  const value = values.get(name)
  if (value === undefined) return Effect.succeed([word])
  if (filter === "path") return pathIn(value)
  if (filter === "published") return Effect.succeed([publishedName(value)])
  return filter === "gateway" ? gatewayIn(value) : Effect.succeed([value])
}

/** `[name: words]`, `{filter name}` and words. */
const PARTS = /\[[^\]]*\]|\{[^}]*\}|[^\s[\]]+/g

const wordsOf = (template: string): ReadonlyArray<string> => template.match(PARTS) ?? []

/** With the values that the environment says and the command line does not. */
const completed = (match: Match, from: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const values = new Map(match.values)
    for (const [name, variable] of Object.entries(from)) {
      const found = yield* Effect.orElseSucceed(Config.option(Config.string(variable)), () => Option.none<string>())
      if (!values.has(name) && Option.isSome(found) && found.value !== "") values.set(name, found.value)
    }
    return { ...match, values }
  })

const expanded = (now: string, match: Match) =>
  Effect.map(
    Effect.forEach(
      wordsOf(now).flatMap((part) => {
        const [, name, words = ""] = /^\[([^:]+): (.*)\]$/.exec(part) ?? []
        if (name === undefined) return [part]
        return match.values.has(name) ? wordsOf(words) : []
      }),
      (word) => filled(word, match)
    ),
    (words) => [...words.flat(), ...match.others]
  )

/** Rows told of at once; of a longer table those that begin as what was typed. */
const MOST = 20

const isLike = ({ was }: Replaced, words: ReadonlyArray<string>): boolean =>
  was.split(/[\s|]+/).some((part) => !part.startsWith("-") && words.includes(part))

const unknown = (name: string, rows: ReadonlyArray<Replaced>, words: ReadonlyArray<string>): Failure => {
  const like = rows.length > MOST ? rows.filter((row) => isLike(row, words)) : rows
  const has = like.map(({ was }) => `  ${was === "" ? "(no words)" : was}`)
  return usage(
    `${name} has no such words`,
    [
      ...(has.length === 0 ? [] : ["it has", ...has]),
      `mcpgw replaced --script ${name} says what its words are called here`
    ].join("\n  ")
  )
}

const HELP = new Set(["help", "--help", "-h"])

/** None: the first word is no script of the replaced system. */
export const translate = (
  words: ReadonlyArray<string>
): Effect.Effect<Option.Option<ReadonlyArray<string>>, Failure, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const [first = "", ...rest] = words
    const name = scriptName(first)
    const rows = REPLACED.filter(({ script }) => scriptName(script) === name)
    if (rows.length === 0) return Option.none()
    if (rest.length === 1 && HELP.has(rest[0] ?? "")) return Option.some(["replaced", "--script", name])
    for (const row of rows) {
      const match = matched(patternOf(row.was), rest)
      if (match === undefined) continue
      if (row.now === undefined) return yield* failed(`${name} ${row.was}: not here`, row.instead)
      if (row.note !== undefined) yield* Console.error(`note: ${row.note}`)
      return Option.some(yield* expanded(row.now, yield* completed(match, row.from ?? {})))
    }
    return yield* unknown(name, rows, rest)
  })
