/**
 * Builds the published library: one ES module with its dependencies inside, and declarations that name no other package.
 * `bun run build.ts` writes `dist/`. Nothing of it is used inside the workspace, which imports the sources.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const here = dirname(fileURLToPath(import.meta.url))
const packages = resolve(here, "..")
const entry = join(here, "src", "Library.ts")

const run = async (command: ReadonlyArray<string>, cwd: string): Promise<void> => {
  const child = Bun.spawn([...command], { cwd, stdout: "pipe", stderr: "pipe" })
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text()
  ])
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}\n${out}${err}`)
}

/** The `browser` build of what is bundled: plain ES modules that need nothing of Node, so that one file runs anywhere. */
const buildModule = async (outdir: string): Promise<void> => {
  const built = await Bun.build({
    entrypoints: [entry],
    outdir,
    naming: "index.js",
    format: "esm",
    target: "browser",
    minify: { syntax: true, whitespace: false, identifiers: false }
  })
  if (!built.success) throw new AggregateError(built.logs, "the module could not be built")
}

/** Where an import of a declaration leads among the emitted ones: `packages/<name>/src/<Module>.d.ts`. */
const resolveImport = (from: string, emitted: string, specifier: string): string => {
  if (specifier.startsWith(".")) return join(dirname(from), specifier.replace(/\.ts$/, ".d.ts"))
  const own = /^@mcpgw\/([^/]+)\/(.+)$/.exec(specifier)
  if (own === null) throw new Error(`a published type imports '${specifier}', which is not part of the library`)
  return join(emitted, own[1] ?? "", "src", `${own[2]}.d.ts`)
}

/** An import or re-export of a declaration file: what stands before the specifier, and the specifier. */
const IMPORT = /^((?:import|export)\s+(?:type\s+)?(?:\{[^}]*\}|\*(?:\s+as\s+\w+)?)\s+from\s+)"([^"]+)"/gm

/** Copies the declarations the entry reaches side by side into `outdir`, their imports made relative. */
const copyDeclarations = async (emitted: string, outdir: string): Promise<void> => {
  const first = join(emitted, "policy", "src", "Library.d.ts")
  const names = new Map<string, string>([[first, "index"]])
  for (const file of names.keys()) {
    const text = await readFile(file, "utf8")
    const rewritten = text.replaceAll(IMPORT, (_whole, lead: string, specifier: string) => {
      const target = resolveImport(file, emitted, specifier)
      const name = names.get(target) ?? basename(target, ".d.ts")
      if (!names.has(target) && [...names.values()].includes(name)) throw new Error(`two modules are called ${name}`)
      names.set(target, name)
      return `${lead}"./${name}.js"`
    })
    if (rewritten.includes('import("')) throw new Error(`${file} imports a type in place; name it instead`)
    await writeFile(join(outdir, `${names.get(file)}.d.ts`), rewritten)
  }
}

const buildTypes = async (outdir: string): Promise<void> => {
  const work = await mkdtemp(join(tmpdir(), "mcpgw-policy-types-"))
  try {
    const config = {
      extends: join(packages, "..", "tsconfig.json"),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        rootDir: packages,
        outDir: join(work, "emitted"),
        // Declarations of other packages' types are emitted too only when they count as sources, not as a dependency.
        paths: Object.fromEntries(
          ["domain", "mcp"].map((name) => [`@mcpgw/${name}/*`, [join(packages, name, "src", "*.ts")]])
        ),
        types: []
      },
      include: [],
      files: [entry]
    }
    await writeFile(join(work, "tsconfig.json"), JSON.stringify(config))
    await run([process.execPath, "x", "tsc", "-p", join(work, "tsconfig.json")], here)
    await copyDeclarations(join(work, "emitted"), outdir)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Writes `index.js` and the declarations into `outdir`, which is emptied first. */
export const build = async (outdir: string): Promise<void> => {
  await rm(outdir, { recursive: true, force: true })
  await mkdir(outdir, { recursive: true })
  await Promise.all([buildModule(outdir), buildTypes(outdir)])
}

if (import.meta.main) await build(join(here, "dist"))
