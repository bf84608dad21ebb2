import { defineProject } from "vitest/config"

export default defineProject({ test: { name: "@mcpgw/telemetry", include: ["test/**/*.test.ts"] } })
