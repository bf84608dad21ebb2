/** Reads a Dockerfile into its stages and instructions; knows the subset that ours uses. Imported from tests only. */

export interface Instruction {
  /** Upper case, such as `COPY`. */
  readonly name: string
  /** What follows it, continuation lines joined. */
  readonly words: string
}

export interface Stage {
  readonly image: string
  readonly alias: string | undefined
  readonly instructions: ReadonlyArray<Instruction>
}

const instructions = (text: string): ReadonlyArray<Instruction> =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s*#/.test(line))
    .join("\n")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => {
      const [, name = "", words = ""] = /^(\S+)\s+(.*)$/.exec(line.trim()) ?? []
      return { name: name.toUpperCase(), words }
    })

export const parseDockerfile = (text: string): ReadonlyArray<Stage> => {
  const stages: Array<{ image: string; alias: string | undefined; instructions: Array<Instruction> }> = []
  for (const instruction of instructions(text)) {
    if (instruction.name !== "FROM") {
      stages.at(-1)?.instructions.push(instruction)
      continue
    }
    const [, image = "", alias] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.words) ?? []
    stages.push({ image, alias, instructions: [] })
  }
  return stages
}

export const allOf = (stage: Stage | undefined, name: string): ReadonlyArray<string> =>
  (stage?.instructions ?? []).filter((instruction) => instruction.name === name).map(({ words }) => words)

/** The words of an exec form, `["bun", "run"]`; undefined for a shell form. */
export const execForm = (words: string): ReadonlyArray<string> | undefined => {
  if (!words.startsWith("[")) return undefined
  const parsed: ReadonlyArray<string> = JSON.parse(words)
  return parsed
}

/** The variables of all `ENV` instructions. */
export const environment = (stage: Stage | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    allOf(stage, "ENV").flatMap((words) =>
      words.split(/\s+/).map((pair) => [pair.split("=")[0] ?? "", pair.slice(pair.indexOf("=") + 1)])
    )
  )

export interface Copy {
  /** Stage it copies from; undefined: the build context. */
  readonly from: string | undefined
  readonly sources: ReadonlyArray<string>
  readonly target: string
}

export const copies = (stage: Stage | undefined): ReadonlyArray<Copy> =>
  allOf(stage, "COPY").map((words) => {
    const flags = words.split(/\s+/).filter((word) => word.startsWith("--"))
    const paths = words.split(/\s+/).filter((word) => !word.startsWith("--"))
    return {
      from: flags.find((flag) => flag.startsWith("--from="))?.slice("--from=".length),
      sources: paths.slice(0, -1),
      target: paths.at(-1) ?? ""
    }
  })
