import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { pack } from "../pack.ts"

const here = dirname(fileURLToPath(import.meta.url))
let folder = ""
let installed = ""

const run = async (command: ReadonlyArray<string>, cwd: string): Promise<string> => {
  const child = Bun.spawn([...command], { cwd, stdout: "pipe", stderr: "pipe" })
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text()
  ])
  assert.strictEqual(code, 0, `${command.join(" ")}\n${out}${err}`)
  return out
}

const EXPECTED = `render_chart: allowed by reports/execute[0].tools
delete_report: denied by default-deny
shown: render_chart, list_reports (1 hidden)
reports/execute[0]: does not list tool 'delete_report'
scopes.yml: reports/execute[0]: has no key 'tool'; a rule has server, methods and tools
`

const CONSUMER = `import {
  DEFAULT_SCOPES, fromRules, fromYaml, InvalidPolicy, HTTP_GET,
  type Access, type Decision, type Explanation, type Filtered, type JsonEdit, type JudgedList, type Policy, type PolicyRules, type Subject
} from "@mcpgw/policy"

const subject: Subject = { groups: ["mcp-registry-user"], scopes: [] }
const access: Access = { server: "/mcpgw", method: HTTP_GET, tool: undefined }
const policy: Policy = fromYaml(DEFAULT_SCOPES, "default")
const decision: Decision = policy.decide(subject, access)
const explained: Explanation = policy.explain(subject, access)
const filtered: Filtered = policy.filterList(subject, "/mcpgw", {})
const judged: JudgedList = policy.judgeList(subject, "/mcpgw", {})
const edit: JsonEdit["_tag"] | undefined = judged.edit?._tag
const rules: PolicyRules = { scopes: { s: [{ server: "*", tools: "all" }] } }
const reasons: string = decision.reason + explained.rule + String(filtered.hidden) + String(fromRules(rules).isAdmin(subject))
const broken = (error: unknown): string => (error instanceof InvalidPolicy ? error.field : reasons)
// @ts-expect-error a decision is not a string: the declarations are really read
const wrong: string = decision
// @ts-expect-error an edit has no such kind
const unknown: typeof edit = "Rename"
export { broken, unknown, wrong }
`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mcpgw-policy-consumer-"))
  const tarball = await pack(folder)
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }))
  await run(["npm", "install", "--offline", "--no-audit", "--no-fund", tarball], folder)
  installed = join(folder, "node_modules", "@mcpgw", "policy")
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("design §2: the packed library in a foreign project", () => {
  it("depends on nothing and names no workspace", async () => {
    const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"))
    for (const key of ["dependencies", "devDependencies", "peerDependencies", "private", "workspaces", "scripts"]) {
      assert.notProperty(manifest, key)
    }
    assert.deepEqual(Object.keys(manifest.exports), ["."])
    const module = await readFile(join(installed, "dist", "index.js"), "utf8")
    assert.notMatch(module, /^import |\brequire\(|workspace:/m)
    assert.isBelow(module.length, 400_000, "something large is bundled that the library does not need")
  })

  it("the example runs under Node 20 or newer", async () => {
    assert.isAtLeast(Number((await run(["node", "-p", "process.versions.node.split('.')[0]"], folder)).trim()), 20)
    assert.strictEqual(await run(["node", join(installed, "examples", "decide.mjs")], folder), EXPECTED)
  })

  it("the example runs under Bun", async () => {
    assert.strictEqual(await run([process.execPath, join(installed, "examples", "decide.mjs")], folder), EXPECTED)
  })

  it("a strict TypeScript consumer type-checks against the declarations, library files checked too", async () => {
    await writeFile(join(folder, "consumer.ts"), CONSUMER)
    for (const [module, moduleResolution] of [
      ["nodenext", "nodenext"],
      ["esnext", "bundler"]
    ]) {
      await writeFile(
        join(folder, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: {
            strict: true,
            skipLibCheck: false,
            noEmit: true,
            target: "es2022",
            lib: ["es2022"],
            types: [],
            module,
            moduleResolution
          },
          files: ["consumer.ts"]
        })
      )
      await run([process.execPath, "x", "tsc", "-p", join(folder, "tsconfig.json")], here)
    }
  })
})
