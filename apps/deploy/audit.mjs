/**
 * Shows the audit record: the last rows, oldest first. Only reads, while the gateway runs or not. Plain JavaScript for Bun, which has
 * SQLite; knows of no setting but the data folder.
 */
import { Database } from "bun:sqlite"
import { existsSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const HELP = `npm run audit [-- [rows] [--json]]

  rows      how many rows to show, the last ones; 20 unless given
  --json    all columns, a JSON object a line

The record is audit.db in the data folder (MCPGW_DATA_DIR); its view "audit" has every column.
`

const COLUMNS = ["sequence", "at", "username", "server", "method", "tool", "decision", "rule", "outcome", "status"]
const DEFAULT_ROWS = 20
const LONGEST = 48

/** `wrong`: what was not understood. */
const asked = (words) => {
  const json = words.includes("--json")
  const [count, ...more] = words.filter((word) => word !== "--json")
  if (count === undefined) return { rows: DEFAULT_ROWS, json }
  const wrong = /^[1-9]\d{0,8}$/.test(count) ? more[0] : count
  return wrong === undefined ? { rows: Number(count), json } : { wrong }
}

/** Clients choose some of this: nothing of it may steer a terminal. */
const shown = (column, value) => {
  if (value === null) return "-"
  const text = column === "at" ? new Date(value).toISOString() : String(value).replaceAll(/[^\x20-\x7e]/g, "?")
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}~` : text
}

const table = (rows) => {
  const cells = [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => shown(column, row[column])))]
  const widths = COLUMNS.map((_, i) => Math.max(...cells.map((line) => line[i].length)))
  return cells.map((line) =>
    line
      .map((text, i) => text.padEnd(widths[i]))
      .join(" | ")
      .trimEnd()
  )
}

const read = (path, count) => {
  const record = new Database(path, { readonly: true })
  try {
    record.run("PRAGMA busy_timeout = 5000")
    return record.query("SELECT * FROM audit ORDER BY sequence DESC LIMIT ?").all(count).toReversed()
  } finally {
    record.close()
  }
}

const main = (words) => {
  if (words.includes("--help") || words.includes("-h")) {
    process.stdout.write(HELP)
    return 0
  }
  const wanted = asked(words)
  if (wanted.wrong !== undefined) {
    const held = shown("", wanted.wrong)
    process.stderr.write(`mcpgw: audit: held "${held}"; it may hold a number of rows, --json or --help\n\n${HELP}`)
    return 2
  }
  const path = join(resolve(root, process.env["MCPGW_DATA_DIR"] || "data"), "audit.db")
  if (!existsSync(path)) {
    process.stderr.write(`mcpgw: there is no audit record at ${path}; MCPGW_DATA_DIR names the data folder\n`)
    return 1
  }
  const rows = read(path, wanted.rows)
  const lines = wanted.json ? rows.map((row) => JSON.stringify(row)) : table(rows)
  process.stdout.write(lines.map((line) => `${line}\n`).join(""))
  return 0
}

process.exitCode = main(process.argv.slice(2))
