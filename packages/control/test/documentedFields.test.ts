/** Every field the replaced system's forms and files have (contracts §2.8, §2.9), in every spelling, by every way a server comes here. */
import { it } from "@effect/vitest"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, layer, type Sent, signedIn } from "./support/plane.ts"

interface Documented {
  readonly field: string
  /** As a form sends it. */
  readonly form: string
  readonly json: unknown
  /** What the record holds then. */
  readonly record: Readonly<Record<string, unknown>>
  /** Not a field of an edit. */
  readonly newOnly?: boolean
}

const TOOL = {
  name: "get_pod_status",
  parsed_description: { main: "Pods", args: "pod: name", returns: null, raises: null },
  schema: { type: "object", properties: { pod: { type: "string" } } }
}
const RESOURCES = [{ name: "zones", uri: "resource://zones", parsed_description: { main: "All of them" } }]
/** A reference is no secret, and stays in the record. */
const HEADERS = [{ Authorization: "Bearer $SRE_GATEWAY_AUTH_TOKEN" }]

const text = (field: string, value: string, own = field): Documented => ({
  field,
  form: value,
  json: value,
  record: { [own]: value }
})

const DOCUMENTED: ReadonlyArray<Documented> = [
  text("name", "By form", "server_name"),
  text("server_name", "By file"),
  text("description", "What it does"),
  text("proxy_pass_url", "https://b.example.com/"),
  text("license", "MIT"),
  text("license", "N/A"),
  text("auth_provider", "bedrock-agentcore"),
  ...["none", "oauth", "api_key", "api-key", "custom"].map((value) => text("auth_type", value)),
  text("mcp_endpoint", "https://b.example.com/elsewhere"),
  text("sse_endpoint", "https://b.example.com/events"),
  { field: "tags", form: "time, clock", json: ["time", "clock"], record: { tags: ["time", "clock"] } },
  { field: "tags", form: '["a","b"]', json: "a,b", record: { tags: ["a", "b"] } },
  { field: "num_tools", form: "21", json: 21, record: { num_tools: 21 } },
  { field: "num_stars", form: "1", json: 1, record: { num_stars: 1 } },
  { field: "is_python", form: "true", json: true, record: { is_python: true } },
  { field: "is_python", form: "on", json: true, record: { is_python: true } },
  {
    field: "supported_transports",
    form: '["streamable-http"]',
    json: ["streamable-http"],
    record: { supported_transports: ["streamable-http"] }
  },
  {
    field: "supported_transports",
    form: "streamable-http,sse",
    json: "streamable-http,sse",
    record: { supported_transports: ["streamable-http", "sse"] }
  },
  { field: "transport", form: "sse", json: "sse", record: { supported_transports: ["sse"] } },
  { field: "headers", form: JSON.stringify(HEADERS), json: HEADERS, record: { headers: HEADERS } },
  {
    field: "tool_list_json",
    form: JSON.stringify([TOOL]),
    json: [TOOL],
    record: { tool_list: [TOOL], num_tools: 1 }
  },
  { field: "tool_list", form: JSON.stringify([TOOL]), json: [TOOL], record: { tool_list: [TOOL] } },
  {
    field: "resource_list",
    form: JSON.stringify(RESOURCES),
    json: RESOURCES,
    record: { resource_list: RESOURCES },
    newOnly: true
  },
  { field: "enabled", form: "off", json: false, record: { is_enabled: false }, newOnly: true },
  { field: "is_enabled", form: "false", json: false, record: { is_enabled: false }, newOnly: true }
]

const START = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  const registry = yield* Registry
  const cookie = yield* signedIn("admin")
  const send = (path: string, sent: Sent) => call(plane, "POST", path, { cookie, ...sent })
  return { registry, send }
})

const NEW = { server_name: "New", description: "d", proxy_pass_url: "http://10.0.0.1/" }

/** Without the field's other spelling, so that it is the only one. */
const asked = ({ field, form, json }: Documented, path: string, kind: "form" | "json"): Sent => {
  const { server_name: name, ...rest } = NEW
  const fields = { ...rest, ...(field === "name" ? {} : { server_name: name }), path }
  return kind === "form" ? { form: { ...fields, [field]: form } } : { json: { ...fields, [field]: json } }
}

/** Each with what it is documented to take. */
const WAYS = { form: ["/register", "/api/internal/register"], json: ["/api/register", "/api/servers"] } as const

describe("contracts §2.8, §2.9: documented fields", () => {
  for (const kind of ["form", "json"] as const) {
    it.scoped.each(WAYS[kind])(`a new server, ${kind}, %s`, (way) =>
      Effect.gen(function* () {
        const { registry, send } = yield* START
        for (const [i, one] of DOCUMENTED.entries()) {
          const answer = yield* send(way, asked(one, `/s${i}`, kind))
          expect([one.field, answer.status, answer.status === 201 ? "" : answer.text]).toEqual([one.field, 201, ""])
          expect(registry.get(`/s${i}`)?.record, one.field).toMatchObject(one.record)
        }
      }).pipe(Effect.provide(layer()))
    )

    const way = kind === "form" ? "/edit/s/" : "/api/edit/s"
    it.scoped(`an edit, ${kind}, ${way}`, () =>
      Effect.gen(function* () {
        const { registry, send } = yield* START
        yield* send("/api/register", { json: { ...NEW, path: "/s" } })
        for (const { field, form, json, newOnly = false, record } of DOCUMENTED) {
          if (newOnly) continue
          const answer = yield* send(way, kind === "form" ? { form: { [field]: form } } : { json: { [field]: json } })
          expect([field, answer.status, answer.status === 200 ? "" : answer.text]).toEqual([field, 200, ""])
          expect(registry.get("/s")?.record, field).toMatchObject(record)
        }
      }).pipe(Effect.provide(layer()))
    )
  }

  it.scoped("a file of the replaced system, imported", () =>
    Effect.gen(function* () {
      const { registry, send } = yield* START
      for (const [i, { field, json, record }] of DOCUMENTED.entries()) {
        // A form's alone.
        if (field === "enabled" || field === "tool_list_json") continue
        const { server_name: name, ...rest } = NEW
        const file = { ...rest, ...(field === "name" ? {} : { server_name: name }), path: `/s${i}/`, [field]: json }
        const answer = yield* send("/api/import/servers", { json: { servers: [file] } })
        expect([field, answer.status], answer.text).toEqual([field, 200])
        expect(registry.get(`/s${i}`)?.record, field).toMatchObject(record)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("paths with and without their slashes", () =>
    Effect.gen(function* () {
      const { registry, send } = yield* START
      for (const [i, path] of ["/a", "b", "/c/", "d/", "/team/e/"].entries()) {
        expect((yield* send("/register", { form: { ...NEW, server_name: `n${i}`, path } })).status).toBe(201)
        const at = `/${path.replace(/^\/|\/$/g, "")}`
        expect(registry.get(at)).toBeDefined()
        for (const spelled of [at, `${at}/`]) {
          expect((yield* send(`/toggle${spelled}`, { form: { enabled: "on" } })).status).toBe(200)
          const flipped = yield* send("/api/internal/toggle", { form: { service_path: spelled.slice(1) } })
          expect(flipped.status).toBe(200)
        }
      }
    }).pipe(Effect.provide(layer()))
  )
})
