/** The gateway, whole. */
import { run } from "./run.ts"

run("gateway")
