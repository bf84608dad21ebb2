/** House rules that no linter knows: who may import whom, what may stand where, how long a file may be. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join, relative } from "node:path"
import { root } from "@mcpgw/testkit/Process"
import { assert, describe, it } from "vitest"

/** Workspace imports allowed from `src/`, design.md §2. Apps may import anything below them; the gateway embeds the registry app. */
const ALLOWED: Readonly<Record<string, ReadonlyArray<string>>> = {
  domain: [],
  mcp: [],
  ide: [],
  policy: ["domain", "mcp"],
  auth: ["domain"],
  egress: ["domain", "mcp"],
  store: ["domain"],
  telemetry: ["domain", "store"],
  api: ["domain"],
  registry: ["domain", "store"],
  identity: ["domain", "store", "auth"],
  vault: ["domain", "store", "egress"],
  health: ["domain", "mcp", "egress", "registry", "store"],
  discovery: ["domain", "registry", "store"],
  proxy: ["domain", "mcp", "policy", "egress", "registry", "vault"],
  control: [
    "domain",
    "policy",
    "auth",
    "store",
    "telemetry",
    "api",
    "registry",
    "identity",
    "health",
    "discovery",
    "egress",
    "ide",
    "vault"
  ],
  testkit: ["domain", "mcp"]
}

const files = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.name === "node_modules" || entry.name === "dist") return []
    return entry.isDirectory() ? files(path) : /\.tsx?$/.test(entry.name) ? [path] : []
  })

const rooms = ["packages", "apps"].flatMap((kind) =>
  readdirSync(join(root, kind))
    .map((name) => ({ kind, name, folder: join(root, kind, name) }))
    .filter(({ folder }) => statSync(folder).isDirectory())
)

const sources = rooms.flatMap(({ folder }) => {
  const src = join(folder, "src")
  return statSync(src, { throwIfNoEntry: false })?.isDirectory() === true ? files(src) : []
})

const text = (path: string): string => readFileSync(path, "utf8")
const name = (path: string): string => relative(root, path)

/** Source files that match, less those allowed to. */
const offenders = (pattern: RegExp, allowed: ReadonlyArray<string>): ReadonlyArray<string> =>
  sources.filter((path) => pattern.test(text(path)) && !allowed.includes(name(path))).map(name)

describe("design §2: the dependency table", () => {
  for (const { kind, name: room, folder } of rooms.filter(({ kind }) => kind === "packages")) {
    it(`${kind}/${room} imports only what the table allows, and declares it`, () => {
      const manifest: { readonly dependencies?: Record<string, string> } = JSON.parse(
        text(join(folder, "package.json"))
      )
      const declared = Object.keys(manifest.dependencies ?? {})
        .filter((dependency) => dependency.startsWith("@mcpgw/"))
        .map((dependency) => dependency.slice("@mcpgw/".length))
      const imported = new Set(
        files(join(folder, "src")).flatMap((path) =>
          [...text(path).matchAll(/from "@mcpgw\/([a-z-]+)\//g)].map((m) => m[1] ?? "")
        )
      )
      const allowed = ALLOWED[room]
      assert.isDefined(allowed, `packages/${room} is not in the table`)
      assert.deepEqual(
        declared.filter((dependency) => !allowed?.includes(dependency)),
        []
      )
      assert.deepEqual(
        [...imported].filter((dependency) => !declared.includes(dependency)),
        []
      )
    })
  }

  it("only api, its handlers, the apps and the store's adapters import @effect/platform", () => {
    const found = sources
      .filter((path) => /from "@effect\/platform/.test(text(path)))
      .map(name)
      .filter((path) => !/^(?:apps|packages\/(?:api|control|store))\//.test(path))
    assert.deepEqual(found, [])
  })
})

describe("the order of the tests", () => {
  it("what is said to take longest is there", () => {
    const named = [...text(join(root, "vitest.config.ts")).matchAll(/^ +"([\w./-]+)",?$/gm)].map(
      ([, file = ""]) => file
    )
    assert.isAbove(named.length, 10)
    const missing = named.filter(
      (file) => !["apps", "packages"].some((kind) => existsSync(join(root, kind, `${file}.test.ts`)))
    )
    assert.deepEqual(missing, [])
  })
})

/** `layer` of `@effect/vitest` changes the one `it` there is, for every file that comes after in the same process. */
describe("tests that share a process", () => {
  it("none leaves its layer to the others", () => {
    const tests = rooms.flatMap(({ folder }) => (existsSync(join(folder, "test")) ? files(join(folder, "test")) : []))
    const found = tests.filter((path) =>
      /import \{[^}]*\blayer\b[^}]*\} from "@effect\/vitest"|\bit\.layer\(/.test(text(path))
    )
    assert.deepEqual(found.map(name), [])
  })
})

describe("style §4: house rules", () => {
  it("no source file is longer than 400 lines", () => {
    assert.deepEqual(sources.filter((path) => text(path).split("\n").length > 400).map(name), [])
  })

  it("every source file says at its top what it is for", () => {
    assert.deepEqual(sources.filter((path) => !text(path).startsWith("/**")).map(name), [])
  })

  it("there are no barrels", () => {
    assert.deepEqual(sources.filter((path) => /\/index\.tsx?$/.test(path)).map(name), [])
  })

  it("the environment is read where the process starts and nowhere else", () => {
    const entries = ["run", "boot"].map((name) => `apps/gateway/src/${name}.ts`)
    const found = offenders(/process\.env|Bun\.env/, entries).filter(
      (path) => !path.startsWith("apps/bench/") && !path.startsWith("packages/testkit/")
    )
    assert.deepEqual(found, [])
  })

  it("only admission makes principals (design §6: a fallback never produces a principal)", () => {
    assert.deepEqual(offenders(/Principal\.unsafeMake/, ["packages/auth/src/Admission.ts"]), [])
  })

  it("nothing that runs makes the hash of a password cheaper", () => {
    assert.deepEqual(
      offenders(
        /PasswordCost\b/,
        ["PasswordCost", "internal/passwords"].map((name) => `packages/identity/src/${name}.ts`)
      ),
      []
    )
  })

  it("nobody waits at a semaphore of Effect's, which wakes all who wait for every place (packages/domain/src/Turns.ts)", () => {
    assert.deepEqual(sources.filter((path) => /\.(?:withPermits|take)\(\d/.test(text(path))).map(name), [])
  })

  it("only the policy makes authorised calls", () => {
    assert.deepEqual(offenders(/new AuthorizedCall\(/, ["packages/policy/src/AuthorizedCall.ts"]), [])
  })

  // oidc-provider asks our rooms for promises: the layer of its server is an edge, too.
  it("only the edges and the entry points run effects", () => {
    const EDGES = [
      "packages/control/src/ControlPlane.ts",
      "packages/identity/src/AuthorizationServer.ts",
      "packages/identity/src/ClientSource.ts"
    ]
    const found = sources
      .filter((path) => /Effect\.run(?:Sync|Promise|Fork|Callback)|Runtime\.run/.test(text(path)))
      .map(name)
      .filter((path) => !path.startsWith("apps/"))
    assert.deepEqual(found.toSorted(), EDGES)
  })
})
