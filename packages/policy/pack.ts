/**
 * Packs the published library: `bun run pack.ts [folder]` writes `mcpgw-policy-<version>.tgz` there and prints its path.
 * The tarball installs anywhere: it depends on nothing and holds the licences of what is bundled.
 */
import { existsSync } from "node:fs"
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "./build.ts"

const here = dirname(fileURLToPath(import.meta.url))

/** `package.json` as published: one entry, no workspace in it. */
const manifest = (version: string, license: string) => ({
  name: "@mcpgw/policy",
  version,
  description: "Scope policies for MCP servers: scopes.yml in, decisions with reasons and filtered lists out",
  license,
  type: "module",
  sideEffects: false,
  exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
  types: "./dist/index.d.ts",
  engines: { node: ">=20", bun: ">=1.4.4" },
  files: ["dist", "examples", "licenses", "README.md"]
})

/** The project's licence, and those of the bundled dependencies, found beside their packages. */
const copyLicenses = async (stage: string): Promise<void> => {
  const own = join(here, "..", "..", "LICENSE")
  if (existsSync(own)) await cp(own, join(stage, "LICENSE"))
  await mkdir(join(stage, "licenses"))
  const yaml = dirname(createRequire(import.meta.url).resolve("yaml/package.json"))
  await cp(join(yaml, "LICENSE"), join(stage, "licenses", "yaml.txt"))
}

/** Builds and packs into `folder`; returns the tarball's path. */
export const pack = async (folder: string): Promise<string> => {
  const stage = await mkdtemp(join(tmpdir(), "mcpgw-policy-pack-"))
  try {
    const { license, version } = JSON.parse(await readFile(join(here, "package.json"), "utf8"))
    await writeFile(join(stage, "package.json"), `${JSON.stringify(manifest(version, license), null, 2)}\n`)
    await Promise.all([
      build(join(stage, "dist")),
      copyLicenses(stage),
      cp(join(here, "README.md"), join(stage, "README.md")),
      cp(join(here, "examples"), join(stage, "examples"), { recursive: true })
    ])
    await mkdir(folder, { recursive: true })
    const child = Bun.spawn([process.execPath, "pm", "pack", "--quiet", "--destination", resolve(folder)], {
      cwd: stage,
      stdout: "pipe",
      stderr: "pipe"
    })
    const [code, err] = await Promise.all([child.exited, new Response(child.stderr).text()])
    if (code !== 0) throw new Error(`packing ended with ${code}\n${err}`)
    return join(resolve(folder), `mcpgw-policy-${version}.tgz`)
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

if (import.meta.main) process.stdout.write(`${await pack(process.argv[2] ?? ".")}\n`)
