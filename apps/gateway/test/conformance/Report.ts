/** Plays a run at the server and through the gateway, and says what came of it. */
import { type Expected, problems } from "./Expected.ts"
import { count, difference, type Row } from "./Results.ts"
import type { Stand } from "./Stand.ts"
import { play, requiredOf, type Run } from "./Suite.ts"

export interface Outcome {
  readonly run: Run
  /** Both counts, and how many checks differ. */
  readonly line: string
  /** `-` what only the server itself was found to do, `+` what only the gateway. */
  readonly difference: ReadonlyArray<string>
  /** Everything else that is wrong, in words. */
  readonly problems: ReadonlyArray<string>
}

/** Never both at once: the server tells every listener what one of them triggered. */
const playBoth = async (run: Run, stand: Stand) => {
  const direct = await play(run, stand.direct, {})
  const through = await play(run, stand.through, stand.clientEnv)
  return { direct, through, differing: difference(direct, through) }
}

/** Some checks measure time: what differs once on a busy machine, and not when it is played again, is no difference. */
export const compare = async (run: Run, stand: Stand, expected: ReadonlyArray<Expected>): Promise<Outcome> => {
  const first = await playBoth(run, stand)
  const { direct, through, ...last } = first.differing.length === 0 ? first : await playBoth(run, stand)
  const differing = last.differing.filter((line) => first.differing.includes(line))
  const required = requiredOf(run, direct)
  const [here, there] = [direct, through].map((rows) => problems({ run: run.name, rows, required }, expected))
  return {
    run,
    line: lineOf(run, direct, through, differing.length),
    difference: differing,
    problems: [
      ...(direct.length === 0 ? ["the suite checked nothing"] : []),
      ...(here ?? []).map((problem) => `at the server itself, ${problem}`),
      ...(there ?? []).map((problem) => `through the gateway, ${problem}`)
    ]
  }
}

const counts = (rows: ReadonlyArray<Row>): string =>
  `${count(rows, "SUCCESS")} passed, ${count(rows, "FAILURE")} failed`.padEnd(24)

const lineOf = ({ name }: Run, direct: ReadonlyArray<Row>, through: ReadonlyArray<Row>, differing: number): string => {
  const verdict = differing === 0 ? `the same ${direct.length} checks` : `${differing} DIFFERENT`
  return `${name.padEnd(24)}direct: ${counts(direct)}through the gateway: ${counts(through)}${verdict}`
}
