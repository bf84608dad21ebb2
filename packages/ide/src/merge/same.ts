/** Whether an edit did what it should and nothing else: the same data, but for one entry. Pure. */
import * as Equal from "effect/Equal"
import * as Data from "effect/Data"

/** A table as parsers give it; undefined for anything else. */
export const tableOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
    ? Object.fromEntries(Object.entries(value))
    : undefined

/** By content, whatever the order of keys. */
const comparable = (value: unknown): unknown => {
  if (value instanceof Date) return `date:${value.toISOString()}`
  if (Array.isArray(value)) return Data.array(value.map(comparable))
  const table = tableOf(value)
  if (table === undefined) return value
  return Data.struct(Object.fromEntries(Object.entries(table).map(([key, inner]) => [`.${key}`, comparable(inner)])))
}

export const sameData = (a: unknown, b: unknown): boolean => Equal.equals(comparable(a), comparable(b))

/** The document without one entry of one section; without the section too when nothing else is in it. */
export const withoutEntry = (document: unknown, section: string, key: string): unknown => {
  const { [section]: found, ...rest } = tableOf(document) ?? {}
  const entries = tableOf(found)
  if (entries === undefined) return found === undefined || found === null ? rest : document
  const { [key]: _, ...others } = entries
  return Object.keys(others).length === 0 ? rest : { ...rest, [section]: others }
}

/** The entry itself; undefined when there is none. */
export const entryAt = (document: unknown, section: string, key: string): unknown => {
  const entries = tableOf(tableOf(document)?.[section])
  return entries !== undefined && Object.hasOwn(entries, key) ? entries[key] : undefined
}
