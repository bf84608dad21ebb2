/**
 * A second, naive reading of `scopes.yml`: contracts.md §2.1 and §1.3 and design.md §6 word for word, loops over plain
 * parsed YAML. Shares no code with the package, so that the two can be held against each other.
 */
import { parse } from "yaml"

/** What the map says under exactly that key; `constructor` and its like are only names. */
const at = (map: unknown, key: string): unknown => Object.entries(Object(map)).find(([name]) => name === key)?.[1]

const asList = (value: unknown): Array<unknown> => (Array.isArray(value) ? value : value === undefined ? [] : [value])
const bare = (name: string): string => name.replace(/^\/+|\/+$/g, "")
const wild = (list: Array<unknown>): boolean => list.includes("*") || list.includes("all")

const implied = [
  "",
  "http:GET",
  "http:DELETE",
  "initialize",
  "ping",
  "server/discover",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed"
]

export interface Question {
  readonly groups: ReadonlyArray<string>
  readonly scopes: ReadonlyArray<string>
  readonly server: string
  readonly method: string
  readonly tool: string | undefined
}

export const allowedByReading = (text: string, question: Question): boolean => {
  const document: unknown = parse(text)
  const mappings = at(document, "group_mappings")
  const scopes = [...question.groups.flatMap((group) => asList(at(mappings, group))), ...question.scopes]
  for (const scope of scopes) {
    if (scope === "group_mappings" || scope === "UI-Scopes") continue
    for (const rule of asList(at(document, String(scope)))) {
      const { methods, server, tools } = Object(rule)
      if (server !== "*" && bare(server) !== bare(question.server)) continue
      const [m, t] = [asList(methods), asList(tools)]
      if (m.length + t.length === 0) continue
      if (question.method === "tools/call") {
        if (!question.tool) continue
        if (wild(t) || t.includes(question.tool)) return true
        continue
      }
      if (implied.includes(question.method)) return true
      if (wild(m) || m.includes(question.method)) return true
      if (t.includes(question.method) && question.method !== "all" && question.method !== "*") return true
    }
  }
  return false
}
