import { defineConfig } from "vitest/config"

// Most of what a test file takes is waiting, for processes to start above all: three at a time, also where there are only two cores.
export default defineConfig({ test: { projects: ["packages/*", "apps/*"], minWorkers: 3, maxWorkers: 3 } })
