import { defineProject } from "vitest/config"

export default defineProject({ test: { name: "@mcpgw/bench", include: ["test/**/*.test.ts"] } })
