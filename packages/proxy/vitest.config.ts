import { defineProject } from "vitest/config"

export default defineProject({ test: { name: "@mcpgw/proxy", include: ["test/**/*.test.ts"] } })
