import { defineProject } from "vitest/config"

export default defineProject({ test: { name: "@mcpgw/egress", include: ["test/**/*.test.ts"] } })
