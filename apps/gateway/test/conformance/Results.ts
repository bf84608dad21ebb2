/** What a run of the suite found, as rows that can be counted and compared. Reads the suite's files; judges nothing. */
import { readdirSync, readFileSync, existsSync } from "node:fs"
import { join } from "node:path"
import { DONE, isOutOfScope } from "./Scope.ts"

export type Status = "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO"

export interface Row {
  readonly scenario: string
  readonly check: string
  readonly status: Status
  /** Why it failed, in the suite's or the client's words. Not compared. */
  readonly said?: string
}

/** Folders are named `{prefix}{scenario}-{time}`; the time has colons and points turned into dashes. */
const FOLDER = /^(.*)-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z$/

interface Check {
  readonly id: string
  readonly status: Status
  readonly errorMessage?: string
}

/**
 * All rows of an output folder, less those that only inform. A client that did not get to the end of its scenario adds a failed
 * `client-finished`, because the suite itself overlooks it when enough checks passed before.
 */
export const readRows = (folder: string, role: "server" | "client"): ReadonlyArray<Row> =>
  scenarioFolders(folder).flatMap((path) => {
    const name = FOLDER.exec(path)?.[1] ?? path
    const scenario = role === "server" ? name.replace(/^server-/, "") : name
    if (isOutOfScope(scenario)) return []
    const checks: ReadonlyArray<Check> = JSON.parse(readFileSync(join(folder, path, "checks.json"), "utf8"))
    const rows = checks
      .filter(({ status }) => status !== "INFO")
      .map(({ id, status, errorMessage }) => rowOf(scenario, id, status, errorMessage))
    return role === "server" ? rows : [...rows, finished(scenario, join(folder, path))]
  })

const SAID = 400

const rowOf = (scenario: string, check: string, status: Status, said: string | undefined): Row => ({
  scenario,
  check,
  status,
  ...(status !== "FAILURE" || said === undefined ? {} : { said: said.slice(0, SAID) })
})

const finished = (scenario: string, folder: string): Row => {
  const read = (name: string): string => readFileSync(join(folder, name), "utf8")
  return read("stdout.txt").includes(DONE)
    ? rowOf(scenario, "client-finished", "SUCCESS", undefined)
    : rowOf(scenario, "client-finished", "FAILURE", read("stderr.txt"))
}

/** Relative to `folder`. A scenario with a slash in its name has a folder in a folder. */
const scenarioFolders = (folder: string): ReadonlyArray<string> =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith("/checks.json"))
        .map((path) => path.slice(0, -"/checks.json".length))
        .sort()
    : []

export const count = (rows: ReadonlyArray<Row>, status: Status): number =>
  rows.filter((row) => row.status === status).length

const keyOf = ({ scenario, check, status }: Row): string => `${scenario}  ${check}  ${status}`

/** Rows of one side that the other lacks, each as often as it lacks it: `-` only direct, `+` only through. */
export const difference = (direct: ReadonlyArray<Row>, through: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const balance = new Map<string, number>()
  for (const row of direct) balance.set(keyOf(row), (balance.get(keyOf(row)) ?? 0) - 1)
  for (const row of through) balance.set(keyOf(row), (balance.get(keyOf(row)) ?? 0) + 1)
  return [...balance]
    .filter(([, surplus]) => surplus !== 0)
    .map(
      ([key, surplus]) => `${surplus < 0 ? "-" : "+"} ${key}${Math.abs(surplus) > 1 ? `  ×${Math.abs(surplus)}` : ""}`
    )
    .sort()
}
