/**
 * `npm run rotate-keys`: puts fresh keys before those that sign tokens and seal sessions. The older ones stay valid for what they
 * made, so that nothing ends, unless others know them; a running gateway uses the fresh ones from its next start on.
 */
import { KEY_FILE, rotate } from "@mcpgw/store/KeyRingFile"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { existsSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const HELP = `npm run rotate-keys [-- [sealing|signing] [--leaked]]

  Puts a fresh key before those in {data folder}/keys/keys.json: of both purposes, or of the one named. The two before it stay
  valid; with --leaked none does. Restart the gateway afterwards, and back the file up. The data folder is MCPGW_DATA_DIR, else
  data; the keys are in MCPGW_KEYS_DIR where that is set.

  What --leaked ends, from that restart on: with signing, every token this gateway made, by hand, for clients and for agents;
  with sealing, MCP sessions, and what clients renew their tokens with, so that they connect anew; and the stored credentials of
  servers can not be opened any more and have to be set again. What it does not end, because
  it is not made with these keys: passwords, sign-in sessions, API keys and agents' secrets. If those may be known too, revoke
  each person's by POST /api/tokens/revoke with their subject, change passwords, and give agents new secrets.
`

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const words = process.argv.slice(2)
const leaked = words.includes("--leaked")
const [purpose, ...more] = words.filter((word) => word !== "--leaked")
const directory = resolve(root, process.env["MCPGW_KEYS_DIR"] || join(process.env["MCPGW_DATA_DIR"] || "data", "keys"))

const say = (words: string, code: number): void => {
  const stream = code === 0 ? process.stdout : process.stderr
  stream.write(`${words}\n`)
  process.exitCode = code
}

if (purpose === "--help" || purpose === "-h") say(HELP, 0)
else if (more.length > 0 || (purpose !== undefined && purpose !== "sealing" && purpose !== "signing")) say(HELP, 2)
else if (!existsSync(join(directory, KEY_FILE))) {
  say(
    `mcpgw: there are no keys in ${directory}; the first start makes them (MCPGW_DATA_DIR names the data folder, MCPGW_KEYS_DIR another one for them)`,
    1
  )
} else {
  const exit = await Effect.runPromiseExit(
    rotate({ directory, ...(purpose === undefined ? {} : { purposes: [purpose] }), ...(leaked ? { keep: 1 } : {}) })
  )
  if (Exit.isSuccess(exit)) say("Restart the gateway to use the fresh keys, and back the file up.", 0)
  else say(`mcpgw: ${exit.cause._tag === "Fail" ? exit.cause.error.message : String(exit.cause)}`, 1)
}
