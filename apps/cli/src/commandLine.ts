/**
 * A command line as people type it, made one that the parser takes: options that every command has may stand before its name, and the
 * replaced system's spellings become ours. Says what is wrong with a command's name, where the parser would tell of its group alone.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Failure, usage } from "./Failure.ts"
import { commandNames } from "./mcpgw.ts"
import { translate } from "./old/translate.ts"

const WITH_VALUE = new Set(["--url", "--token", "--token-file"])
const ALONE = new Set(["--json", "--verbose", "-v"])

/** Options in front of the command's name go behind it. */
const globalsLast = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const first = words[0] ?? ""
  if (ALONE.has(first)) return [...globalsLast(words.slice(1)), first]
  if (WITH_VALUE.has(first) && words.length > 1) return [...globalsLast(words.slice(2)), first, words[1] ?? ""]
  return /^--(?:url|token|token-file)=/.test(first) ? [...globalsLast(words.slice(1)), first] : words
}

/** The parser takes an empty value of an option that may be repeated for none: a comma alone is a list of nothing, too. */
const emptyTags = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words.map((word, i) => (word === "--tag=" ? "--tag=," : word === "" && words[i - 1] === "--tag" ? "," : word))

/** Letters that differ, at most; enough to find what was meant. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1))
      )
    row = next
  }
  return row[b.length] ?? 0
}

const meant = (word: string, names: ReadonlyArray<string>): string | undefined => {
  const [nearest] = names.map((name) => [name, distance(word, name)] as const).toSorted(([, a], [, b]) => a - b)
  return nearest !== undefined && nearest[1] <= 2 ? nearest[0] : undefined
}

/** What is wrong with the command's name; nothing: none. */
const unknownCommand = (words: ReadonlyArray<string>): Failure | undefined => {
  for (const [i, word] of words.slice(0, 2).entries()) {
    const holder = i === 0 ? "mcpgw" : (words[0] ?? "")
    const names = commandNames.get(holder)
    if (names === undefined || word.startsWith("-")) return undefined
    if (names.includes(word)) continue
    const near = meant(word, names)
    return usage(
      `${holder} has no command ${JSON.stringify(word)}; it has ${names.join(", ")}`,
      ...(near === undefined ? [] : [`did you mean ${near}?`])
    )
  }
  return undefined
}

/** Fails in words that explain. */
export const commandLine = (
  words: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<string>, Failure, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const old = yield* translate(globalsLast(words))
    const ours = emptyTags(Option.getOrElse(old, () => globalsLast(words)))
    const problem = unknownCommand(ours)
    return problem === undefined ? ours : yield* problem
  })
