/** What `docker build` would see of a folder: its files less what `.dockerignore` names. Imported from tests only. */
import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

export type Ignored = (path: string) => boolean

/** The last pattern that matches a path or a folder above it decides. */
export const parseIgnore = (text: string): Ignored => {
  const rules = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ keep: line.startsWith("!"), glob: new Bun.Glob(line.replace(/^!/, "").replace(/\/$/, "")) }))
  return (path) => {
    const parts = path.split("/")
    const prefixes = parts.map((_, i) => parts.slice(0, i + 1).join("/"))
    return rules.reduce(
      (ignored, { keep, glob }) => (prefixes.some((prefix) => glob.match(prefix)) ? !keep : ignored),
      false
    )
  }
}

export const readIgnore = (root: string): Ignored => parseIgnore(readFileSync(join(root, ".dockerignore"), "utf8"))

/** Files below `root` that the builder gets, relative to it. */
export const contextFiles = (root: string, ignored: Ignored, folder = ""): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`
    if (!entry.isDirectory()) return ignored(path) ? [] : [path]
    return entry.name === "node_modules" || entry.name === ".git" ? [] : contextFiles(root, ignored, path)
  })

/** As `COPY <sources> <target>` with the target below `to`: a folder's content lands in the target, a file keeps its name. */
export const copyInto = (
  root: string,
  files: ReadonlyArray<string>,
  sources: ReadonlyArray<string>,
  to: string
): void => {
  for (const source of sources) {
    for (const file of files.filter((file) => file === source || file.startsWith(`${source}/`))) {
      const target = join(to, file === source ? file : file.slice(source.length + 1))
      mkdirSync(dirname(target), { recursive: true })
      cpSync(join(root, file), target)
    }
  }
}
