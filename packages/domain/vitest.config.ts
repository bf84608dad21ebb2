import { defineProject } from "vitest/config"

export default defineProject({ test: { name: "@mcpgw/domain", include: ["test/**/*.test.ts"] } })
