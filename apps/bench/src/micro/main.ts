/** The micro benches as a process of their own; argument: rounds. Prints the figures as one JSON line. */
import { groups } from "./cases.ts"
import { measureGroup } from "./measure.ts"

const effort = { rounds: Number(process.argv[2] ?? "6"), batchMs: 10 }
process.stdout.write(`MICRO ${JSON.stringify(groups.map((group) => measureGroup(group, effort)))}\n`)
