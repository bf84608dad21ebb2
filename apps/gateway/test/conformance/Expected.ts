/** The checks that may fail, `expected-failures.yml`: what it holds, and which of a run's failures it excuses. Pure but for the file. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "yaml"
import type { Row } from "./Results.ts"

export interface Expected {
  /** The run's name, such as `0.2 server 2025-11-25`. */
  readonly run: string
  readonly scenario: string
  readonly check: string
  readonly reason: string
}

export const EXPECTED_FILE = join(import.meta.dirname, "expected-failures.yml")

const FIELDS = ["run", "scenario", "check", "reason"] as const

const isExpected = (value: unknown): value is Expected =>
  typeof value === "object" &&
  value !== null &&
  Object.keys(value).length === FIELDS.length &&
  FIELDS.every((name) => typeof Reflect.get(value, name) === "string" && Reflect.get(value, name) !== "")

/** @throws when the text is no list of entries, an entry lacks its reason, or its run is none of `runs`. */
export const parseExpected = (text: string, runs: ReadonlyArray<string>): ReadonlyArray<Expected> => {
  const found: unknown = parse(text) ?? []
  if (!Array.isArray(found)) throw new Error("expected-failures.yml must hold a list")
  return found.map((entry: unknown) => {
    if (!isExpected(entry)) {
      throw new Error(`an expected failure has ${FIELDS.join(", ")} and nothing else: ${JSON.stringify(entry)}`)
    }
    if (!runs.includes(entry.run)) throw new Error(`there is no run "${entry.run}"; there are: ${runs.join(", ")}`)
    return entry
  })
}

export const loadExpected = (runs: ReadonlyArray<string>): ReadonlyArray<Expected> =>
  parseExpected(readFileSync(EXPECTED_FILE, "utf8"), runs)

export interface Judged {
  readonly run: string
  /** Of both sides. */
  readonly rows: ReadonlyArray<Row>
  /** Scenarios that must check something; the others may be left out by the suite. Nothing may fail. */
  readonly required: ReadonlySet<string>
}

/** What is wrong with a run in words; nothing when it is as it must be. An entry that excuses nothing is stale, and wrong as well. */
export const problems = ({ run, rows, required }: Judged, all: ReadonlyArray<Expected>): ReadonlyArray<string> => {
  const expected = all.filter((entry) => entry.run === run)
  const failures = rows.filter(({ status }) => status === "FAILURE")
  const failed = failures
    .filter((row) => !expected.some((entry) => excuses(entry, row)))
    .map(({ scenario, check, said }) => `${scenario} failed ${check}${said === undefined ? "" : `: ${said}`}`)
  const silent = [...required]
    .filter((scenario) => !rows.some((row) => row.scenario === scenario && row.status !== "SKIPPED"))
    .map((scenario) => `${scenario} checked nothing`)
  const stale = expected
    .filter((entry) => !failures.some((row) => excuses(entry, row)))
    .map(({ scenario, check }) => `expected-failures.yml is stale: ${scenario} no longer fails ${check}`)
  return [...new Set([...failed, ...silent, ...stale])]
}

const excuses = (entry: Expected, row: Row): boolean => entry.scenario === row.scenario && entry.check === row.check
