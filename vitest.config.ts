import { defineConfig } from "vitest/config"

// Most of what a test file takes is waiting, for processes to start above all: two at a time, also where there are no more cores than that.
export default defineConfig({ test: { projects: ["packages/*", "apps/*"], minWorkers: 2, maxWorkers: 2 } })
