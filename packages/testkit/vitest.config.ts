import { defineProject } from "vitest/config"

export default defineProject({ test: { name: "@mcpgw/testkit", include: ["test/**/*.test.ts"] } })
