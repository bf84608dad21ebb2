/** `bun run apps/gateway`. Never imports anything before what it needs is installed. */
import "./installed.ts"

const { boot } = await import("./boot.ts")
await boot({
  about: [
    "mcpgw — the one governed door to every MCP server",
    "",
    "  npm start              start the gateway and its registry   (with Bun alone: bun run apps/gateway)",
    "  npm start -- --help    this text"
  ],
  main: () => import("./main.ts")
})
