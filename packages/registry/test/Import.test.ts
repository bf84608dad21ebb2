/** The replaced system's files as they are (contracts.md §2.9), taken over. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type ImportRequest, importServers } from "../src/Import.ts"
import { Registry } from "../src/Registry.ts"
import { RegistryStore } from "../src/RegistryStore.ts"

const layer = Registry.layer.pipe(Layer.provide(RegistryStore.layerMemory))

const SRE = {
  server_name: "SRE Gateway (Bedrock AgentCore Gateway)",
  description: "SRE tools",
  path: "/sre-gateway/",
  proxy_pass_url: "https://sre.gateway.bedrock-agentcore.example.com/",
  auth_provider: "bedrock-agentcore",
  auth_type: "oauth",
  supported_transports: ["streamable-http"],
  tags: [],
  headers: [{ Authorization: "Bearer $SRE_GATEWAY_AUTH_TOKEN" }],
  num_tools: 21,
  num_stars: 1,
  is_python: false,
  license: "N/A",
  tool_list: [
    {
      name: "k8s-api___get_pod_status",
      parsed_description: { main: "Pods", args: "pod: name", returns: null },
      schema: { type: "object", properties: { pod: { type: "string" } } }
    }
  ]
}

const CURRENTTIME = {
  server_name: "Current Time API",
  description: "Tells the time",
  path: "/currenttime",
  proxy_pass_url: "http://currenttime-server:8000/",
  auth_type: "none",
  transport: "streamable_http",
  tags: "time, clock",
  num_tools: 1,
  num_stars: 0,
  is_python: true,
  license: "MIT-0",
  mcp_endpoint: null,
  resource_list: [{ name: "zones", uri: "resource://zones", parsed_description: { main: "All of them" } }],
  rating_details: [{ user: "x", rating: 4 }],
  tool_list: [{ name: "now", parsed_description: { main: "Now" }, schema: {}, annotations: { readOnlyHint: true } }]
}

const ATLASSIAN = {
  server_name: "Atlassian",
  description: "",
  path: "/atlassian",
  proxy_pass_url: "http://atlassian-server:8005/",
  auth_type: "api-key",
  headers: [{ Authorization: "Bearer $ATLASSIAN_AUTH_TOKEN" }, { "X-Atlassian-Cloud-Id": "abc" }],
  supported_transports: []
}

const FILES = [
  { name: "sre-gateway.json", content: SRE },
  { name: "currenttime.json", content: CURRENTTIME },
  { name: "atlassian.json", content: ATLASSIAN }
]
const STATE = { "/sre-gateway/": true, "/currenttime/": true, "/gone": true }

const request = (given: Partial<ImportRequest> = {}): ImportRequest => ({
  files: FILES,
  state: STATE,
  by: "admin",
  vouches: true,
  dryRun: false,
  alone: (change) => change,
  judge: () => [],
  ...given
})

const run = (given: Partial<ImportRequest> = {}) =>
  Effect.flatMap(Registry, (registry) => importServers(registry, request(given)))

const results = (given: Partial<ImportRequest> = {}) =>
  Effect.map(run(given), ({ items }) => items.map(({ file, result }) => `${file}: ${result}`))

describe("contracts §2.9: importServers", () => {
  it.effect(
    "takes over real files whole: nothing is lost, references stay references, missing in the state is off",
    () =>
      Effect.gen(function* () {
        const registry = yield* Registry
        const { items, withoutFile } = yield* run()
        assert.deepStrictEqual(
          items.map(({ path, result }) => [path, result]),
          [
            ["/sre-gateway", "created"],
            ["/currenttime", "created"],
            ["/atlassian", "created"]
          ]
        )
        assert.deepStrictEqual(withoutFile, ["/gone"])
        const sre = registry.get("/sre-gateway")?.record
        const { path: _, tool_list: _tools, ...same } = SRE
        assert.deepNestedInclude(sre, same)
        assert.deepStrictEqual(sre?.tool_list, [
          {
            name: "k8s-api___get_pod_status",
            parsed_description: { main: "Pods", args: "pod: name", returns: null, raises: null },
            schema: { type: "object", properties: { pod: { type: "string" } } }
          }
        ])
        assert.include(sre, { is_enabled: true, registered_by: "admin", trusted_address: true })
        const time = registry.get("/currenttime")?.record
        assert.deepStrictEqual(time?.tags, ["time", "clock"])
        assert.deepStrictEqual(time?.supported_transports, ["streamable-http"])
        assert.deepStrictEqual(time?.resource_list, CURRENTTIME.resource_list)
        assert.deepStrictEqual(time?.other_fields, {
          transport: "streamable_http",
          rating_details: CURRENTTIME.rating_details
        })
        assert.deepStrictEqual(time?.tool_list[0]?.definition, CURRENTTIME.tool_list[0])
        const atlassian = registry.get("/atlassian")?.record
        assert.strictEqual(atlassian?.is_enabled, false)
        assert.strictEqual(atlassian?.auth_type, "api-key")
        assert.deepStrictEqual(atlassian?.headers, ATLASSIAN.headers)
        assert.deepStrictEqual(atlassian?.supported_transports, ["streamable-http"])
      }).pipe(Effect.provide(layer))
  )

  it.effect("a second run changes nothing; a changed file changes what it names and keeps what was learned here", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      yield* run()
      const { revision } = registry.snapshot()
      assert.deepStrictEqual(yield* results(), [
        "sre-gateway.json: unchanged",
        "currenttime.json: unchanged",
        "atlassian.json: unchanged"
      ])
      assert.strictEqual(registry.snapshot().revision, revision)
      yield* registry.update("/currenttime", { num_stars: 4.5, auth_provider: "here" })
      yield* registry.setTools("/currenttime", [])
      yield* registry.setTools("/sre-gateway", [])
      yield* registry.setTools("/sre-gateway", [
        { name: "seen", parsed_description: { main: "", args: null, returns: null, raises: null }, schema: {} }
      ])
      const content = { ...CURRENTTIME, description: "Newer", tool_list: undefined }
      const files = [{ name: "currenttime.json", content }, ...FILES.slice(0, 1)]
      const { items } = yield* run({ files, state: { "/sre-gateway": true } })
      assert.deepStrictEqual(
        items.map(({ changed, result }) => [result, changed]),
        [
          ["updated", ["description", "is_enabled"]],
          ["unchanged", []]
        ]
      )
      assert.include(registry.get("/currenttime")?.record, {
        description: "Newer",
        num_stars: 4.5,
        auth_provider: "here",
        is_enabled: false
      })
      assert.strictEqual(registry.get("/sre-gateway")?.record.tool_list[0]?.name, "seen")
    }).pipe(Effect.provide(layer))
  )

  it.effect("without a state, servers that are there keep theirs and new ones are off", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      yield* run({ state: undefined })
      assert.strictEqual(registry.get("/sre-gateway")?.record.is_enabled, false)
      yield* registry.toggle("/sre-gateway", true)
      yield* run({ state: undefined })
      assert.strictEqual(registry.get("/sre-gateway")?.record.is_enabled, true)
    }).pipe(Effect.provide(layer))
  )

  it.effect("a dry run tells the same and does nothing", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const told = yield* results({ dryRun: true })
      assert.strictEqual(registry.snapshot().servers.size, 0)
      assert.deepStrictEqual(yield* results(), told)
    }).pipe(Effect.provide(layer))
  )

  it.effect("what can not be taken is refused with every wrong field, and the others are taken", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const files = [
        { name: "none.json", content: undefined },
        { name: "invalid-config.json", content: { server_name: "x", proxy_pass_url: "not-a-valid-url" } },
        { name: "api.json", content: { ...SRE, path: "/api", num_tools: -1, headers: [{ "Bad Name": "s3cret" }] } },
        { name: "a.json", content: SRE },
        { name: "twin.json", content: { ...SRE, path: "SRE-gateway" } },
        { name: "judged.json", content: ATLASSIAN }
      ]
      const { items } = yield* run({
        files,
        judge: ({ path }) => (path === "/atlassian" ? [{ field: "path", held: "x", problem: "not yours" }] : [])
      })
      assert.deepStrictEqual(
        items.map(({ errors, result }) => [result, ...errors.map(({ field }) => field).sort()]),
        [
          ["refused", "file"],
          ["refused", "path", "proxy_pass_url"],
          ["refused", "headers", "num_tools", "path"],
          ["created"],
          ["refused", "path"],
          ["refused", "path"]
        ]
      )
      assert.notInclude(JSON.stringify(items), "s3cret")
      assert.deepStrictEqual([...registry.snapshot().servers.keys()], ["/sre-gateway"])
    }).pipe(Effect.provide(layer))
  )
})
