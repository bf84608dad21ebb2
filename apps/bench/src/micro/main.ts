/** The micro benches as a process of their own; argument: rounds. Prints the figures as one JSON line. */
import { groups } from "./cases.ts"
import { measureGroup, measureStreams } from "./measure.ts"
import { relayGroups } from "./relays.ts"

const effort = { rounds: Number(process.argv[2] ?? "6"), batchMs: 10 }
const figures = groups.map((group) => measureGroup(group, effort))
for (const group of relayGroups) figures.push(await measureStreams(group, effort))
process.stdout.write(`MICRO ${JSON.stringify(figures)}\n`)
// What the relay's deadlines tick on would keep the process.
process.exit()
