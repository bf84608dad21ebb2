#!/usr/bin/env bun
/** What `bunx mcpgw` runs: the command line, as it is in `src/main.ts`. */
import "../src/main.ts"
