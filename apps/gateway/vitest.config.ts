import { defineProject } from "vitest/config"

export default defineProject({ test: { name: "@mcpgw/gateway", include: ["test/**/*.test.ts"] } })
