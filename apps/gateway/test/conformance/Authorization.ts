/**
 * The official suite's scenarios for authorization servers (protocol.md §5, A-30 and A-31) against the gateway's. The suite prints a URL to open
 * in a browser; a scripted one opens it, signs in and allows.
 */
import { freePort, spawn, tempDir } from "@mcpgw/testkit/Process"
import { Browser } from "../oauth/Browser.ts"
import { clientOf, through } from "../oauth/Client.ts"
import { startStand } from "../oauth/Stand.ts"
import { readRows, type Row } from "./Results.ts"
import { programOf } from "./Suite.ts"

export interface AuthorizationOutcome {
  readonly line: string
  readonly problems: ReadonlyArray<string>
}

/** The suite waits for five minutes; the browser is there at once. */
const LIMIT_MS = 60_000

/** What must have been checked: a suite that skips is no proof. */
const REQUIRED = ["authorization-server-metadata-endpoint", "authorization-code-grant"]

const play = async (folder: string): Promise<void> => {
  const [stand, port] = [await startStand(), await freePort()]
  try {
    const redirect = `http://127.0.0.1:${port}/callback`
    const clientId = await clientOf(stand.url, { redirect_uris: [redirect] })
    const words = ["--url", stand.url, "--client-id", clientId, "--resource", stand.time, "-p", String(port)]
    const command = [process.execPath, programOf("conformance-0.2"), "authorization", ...words, "-o", folder]
    const running = spawn({ command, cwd: folder })
    const [asked] = await running.printed(/http:\/\/\S+\/oauth\/authorize\?\S+/, LIMIT_MS)
    const answer = await through(new Browser(stand.url), asked, stand.admin)
    await fetch(answer.headers.get("location") ?? "")
    const kill = setTimeout(() => void running.stop("SIGKILL"), LIMIT_MS)
    await running.exited
    clearTimeout(kill)
  } finally {
    await stand.close()
  }
}

const problemsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => [
  ...REQUIRED.filter((name) => !rows.some(({ scenario }) => scenario.endsWith(name))).map(
    (name) => `${name} checked nothing`
  ),
  ...rows
    .filter(({ status }) => status === "FAILURE" || status === "WARNING")
    .map(({ scenario, check, said }) => `${scenario} ${check}: ${said ?? "failed"}`)
]

/** Plays both scenarios and says what came of them. */
export const playAuthorization = async (): Promise<AuthorizationOutcome> => {
  const folder = tempDir("conformance-as")
  try {
    await play(folder.path)
    const rows = readRows(folder.path, "server")
    const passed = rows.filter(({ status }) => status === "SUCCESS").length
    return { line: `0.2 authorization       ${passed} of ${rows.length} checks passed`, problems: problemsOf(rows) }
  } finally {
    folder.remove()
  }
}
