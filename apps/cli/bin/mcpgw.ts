#!/usr/bin/env -S bun --no-env-file --config=/dev/null --tsconfig-override=/dev/null --no-install
/**
 * What `bunx mcpgw` runs: the command line, as it is in `src/main.ts`. Takes nothing from the folder it is run in: the `.env`, `bunfig.toml` and
 * `tsconfig.json` that Bun would read there may be a stranger's, and say where credentials go or which code runs.
 */
import "../src/main.ts"
