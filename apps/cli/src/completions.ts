/**
 * The parser's completion scripts, as their shells can read them: @effect/cli 0.73 leaves quotes as they are where they end a text, and names
 * commands otherwise than it asks for them. Texts only.
 */
import { EXAMPLE } from "./help.ts"

/** Completions show what something is; examples are for its own help. */
const sentence = (text: string): string => text.split(EXAMPLE)[0] ?? ""

/**
 * It asks for `a__b,c-d` in its script for bash and has it written as `a,b,c__d`: options of a command in a group, and of one with a dash in its
 * name, stay unknown.
 */
const bash = (script: string): string =>
  script.replaceAll(
    /^( +mcpgw),([a-z-]+),([a-z_-]+\))$/gm,
    (_, start: string, group: string, rest: string) => `${start}__${group},${rest.replaceAll("__", "-")}`
  )

/** Of an argument `message:PATH:action`, where `_arguments` reads `message:action`; of the message each colon would end it. */
const argument = (spec: string): string => {
  const [, dots, message, action] = /^(\*?::?)(.*):[A-Z]+:([^:]*)$/.exec(spec) ?? []
  return dots === undefined || message === undefined || action === undefined
    ? spec
    : `${dots}${message.replaceAll(/(?<!\\):/g, "\\:")}:${action}`
}

const zsh = (script: string): string =>
  script.replaceAll(/^( +)'(.*)'( \\)?$/gm, (_, indent: string, text: string, more = "") => {
    const plain = argument(sentence(text.replaceAll(`'\\''`, "'")))
    return `${indent}'${plain.replaceAll("'", `'\\''`)}'${more}`
  })

const fish = (script: string): string =>
  script.replaceAll(
    /^(complete -c mcpgw .* -d )'(.*)'$/gm,
    (_, start: string, text: string) => `${start}'${sentence(text).replaceAll(/['\\]/g, "\\$&")}'`
  )

/** A script for a shell, mended; any other text as it is. */
export const completion = (text: string): string => {
  if (text.startsWith("function _mcpgw_bash_completions")) return bash(text)
  if (text.startsWith("#compdef mcpgw")) return zsh(text)
  return text.startsWith("complete -c mcpgw") ? fish(text) : text
}
