import { defineProject } from "vitest/config"

export default defineProject({ test: { name: "@mcpgw/store", include: ["test/**/*.test.ts"] } })
