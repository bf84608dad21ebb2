/** `bun run apps/registry`: the control plane alone, for split deployments. Never imports anything before what it needs is installed. */
import "../../gateway/src/installed.ts"

const { boot } = await import("@mcpgw/gateway/boot")
const { CONTROL_PATHS } = await import("@mcpgw/gateway/routes")

/** Five to a line. */
const lines = (paths: ReadonlyArray<string>): ReadonlyArray<string> =>
  Array.from({ length: Math.ceil(paths.length / 5) }, (_, i) => paths.slice(i * 5, i * 5 + 5).join(" "))

await boot({
  about: [
    "mcpgw registry — the control plane alone: API, OAuth and the pages; no MCP is served here",
    "",
    "  bun run apps/registry            start it",
    "  bun run apps/registry --help     this text",
    "",
    "It belongs to gateways over the same store. All of them share, by the same values:",
    "",
    "  MCPGW_DATABASE_URL   the database: postgres://…, or sqlite:PATH on one machine",
    "  MCPGW_KEYS_DIR       the keys: a folder that all of them can read, and nobody else",
    "  MCPGW_PUBLIC_URL     where clients find the whole, through a proxy that sends",
    ...lines(CONTROL_PATHS).map((line) => `                       ${line}`),
    "                       here and everything else to the gateways",
    "  MCPGW_POLICY         the policy: with postgres://… it is in the database by itself; over SQLite set store,",
    "                       or name one file for all of them in MCPGW_SCOPES_FILE",
    "",
    "and each has a MCPGW_DATA_DIR of its own, for its audit log. The gateways are started so:",
    "",
    "  MCPGW_REGISTRY=store bun run apps/gateway",
    "",
    "Without gateways, as a catalogue that tells the servers' own URLs: DEPLOYMENT_MODE=registry-only bun run apps/registry"
  ],
  main: () => import("./main.ts")
})
