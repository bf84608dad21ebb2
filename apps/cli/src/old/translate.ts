/** The one layer between the replaced system's command lines and ours: follows the table of `replaced.ts`, and knows no command itself. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { badField, failed, type Failure, usage } from "../Failure.ts"
import { type Match, matched, patternOf } from "./pattern.ts"
import { REPLACED, type Replaced } from "./replaced.ts"

const nameOf = (script: string): string => script.replace(/^.*\//, "").replace(/\.(?:sh|py)$/, "")

const ServerFile = Schema.parseJson(Schema.Struct({ path: Schema.NonEmptyString }))

/** The path that a server's file names. */
const pathIn = (file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const text = yield* Effect.mapError(fs.readFileString(file), ({ message }) =>
      usage(`${JSON.stringify(file)} can not be read: ${message}`)
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

/** One word of `now`. */
const filled = (word: string, { values }: Match) => {
  const [, filter = "", name = ""] = /^\{(?:(path|gateway) )?([^}]+)\}$/.exec(word) ?? []
  const value = values.get(name)
  if (value === undefined) return Effect.succeed([word])
  if (filter === "path") return pathIn(value)
  return filter === "gateway" ? gatewayIn(value) : Effect.succeed([value])
}

/** `[name: words]`, `{filter name}` and words. */
const PARTS = /\[[^\]]*\]|\{[^}]*\}|[^\s[\]]+/g

const wordsOf = (template: string): ReadonlyArray<string> => template.match(PARTS) ?? []

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

const unknown = (name: string, rows: ReadonlyArray<Replaced>): Failure =>
  usage(
    `${name} has no such words`,
    `it has\n${rows.map(({ was }) => `    ${was === "" ? "(no words)" : was}`).join("\n")}\n  mcpgw replaced --script ${name} says what they are called here`
  )

const HELP = new Set(["help", "--help", "-h"])

/** None: the first word is no script of the replaced system. */
export const translate = (
  words: ReadonlyArray<string>
): Effect.Effect<Option.Option<ReadonlyArray<string>>, Failure, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const [first = "", ...rest] = words
    const name = nameOf(first)
    const rows = REPLACED.filter(({ script }) => nameOf(script) === name)
    if (rows.length === 0) return Option.none()
    if (rest.length === 1 && HELP.has(rest[0] ?? "")) return Option.some(["replaced", "--script", name])
    for (const row of rows) {
      const match = matched(patternOf(row.was), rest)
      if (match === undefined) continue
      if (row.now === undefined) return yield* failed(`${name} ${row.was}: not here`, row.instead)
      if (row.note !== undefined) yield* Console.error(`note: ${row.note}`)
      return Option.some(yield* expanded(row.now, match))
    }
    return yield* unknown(name, rows)
  })
