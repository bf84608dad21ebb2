/**
 * How results look in a terminal: columns as wide as their widest cell. What a server says of itself stays on its line and out of the
 * terminal's control.
 */
import * as Console from "effect/Console"
import type * as Effect from "effect/Effect"

export type Cell = string | number | boolean | null | undefined | ReadonlyArray<string>

/** Control characters, line ends, and marks that turn the direction of writing. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu

export const plain = (text: string): string => text.replaceAll(UNSAFE, " ").trim()

const textOf = (cell: Cell): string => {
  if (cell === null || cell === undefined || cell === "") return "-"
  if (typeof cell === "boolean") return cell ? "yes" : "no"
  if (typeof cell === "number") return String(cell)
  if (typeof cell === "string") return plain(cell)
  return cell.length === 0 ? "-" : plain(cell.join(", "))
}

const WIDEST = 72

const cut = (text: string): string => (text.length <= WIDEST ? text : `${text.slice(0, WIDEST - 1)}…`)

const line = (cells: ReadonlyArray<string>, widths: ReadonlyArray<number>): string =>
  cells
    .map((cell, i) => cell.padEnd(widths[i] ?? 0))
    .join("  ")
    .trimEnd()

export const table = (heads: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<Cell>>): string => {
  const texts = rows.map((row) => row.map((cell) => cut(textOf(cell))))
  const widths = heads.map((head, i) => Math.max(head.length, ...texts.map((row) => (row[i] ?? "").length)))
  return [line(heads, widths), ...texts.map((row) => line(row, widths))].join("\n")
}

/** Names and values, one on a line. */
export const pairs = (entries: ReadonlyArray<readonly [name: string, value: Cell]>): string => {
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${textOf(value)}`).join("\n")
}

export const asJson = (value: unknown): string => JSON.stringify(value, null, 2)

/** As JSON when that is wanted, and in words otherwise. */
export const show = (json: boolean, value: unknown, text: () => string): Effect.Effect<void> =>
  Console.log(json ? asJson(value) : text())
