/** Reads the LiveMCPBench catalog (servers, tools, tasks) from the folder that `LIVEMCPBENCH_DIR` or the workspace names. */
import { ServerRecord } from "@mcpgw/domain/Server"
import { parseDescription } from "@mcpgw/domain/Tool"
import * as Schema from "effect/Schema"
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"

const FOLDER =
  process.env["LIVEMCPBENCH_DIR"] ?? resolve(import.meta.dirname, "../../../../../shared/data/livemcpbench")

/** Why there is nothing to read, undefined when there is. */
export const missing = (): string | undefined =>
  existsSync(join(FOLDER, "servers.json")) && existsSync(join(FOLDER, "tasks.json"))
    ? undefined
    : "no servers.json and tasks.json; set LIVEMCPBENCH_DIR to a folder that holds them"

const Servers = Schema.parseJson(
  Schema.Array(
    Schema.Struct({
      server: Schema.String,
      title: Schema.String,
      description: Schema.NullishOr(Schema.String),
      category: Schema.String,
      tools: Schema.Array(
        Schema.Struct({
          name: Schema.String,
          description: Schema.NullishOr(Schema.String),
          inputSchema: Schema.Unknown
        })
      )
    })
  )
)

const Tasks = Schema.parseJson(
  Schema.Array(
    Schema.Struct({
      query: Schema.String,
      steps: Schema.Array(Schema.String),
      relevant_tools: Schema.Array(Schema.String)
    })
  )
)

const read = <A, I>(schema: Schema.Schema<A, I>, file: string): A =>
  Schema.decodeUnknownSync(schema)(readFileSync(join(FOLDER, file), "utf8"))

/** Every server of the catalog as a record. */
export const catalog = (): ReadonlyArray<ServerRecord> =>
  read(Servers, "servers.json").map(({ category, description, server, title, tools }) =>
    Schema.decodeUnknownSync(ServerRecord)({
      server_name: title,
      description: description ?? "",
      path: `/${server.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "")}`,
      proxy_pass_url: "https://example.org/mcp",
      tags: [category],
      num_tools: tools.length,
      num_stars: 0,
      is_python: false,
      license: "N/A",
      supported_transports: ["streamable-http"],
      headers: [],
      tool_list: tools.map((tool) => ({
        name: tool.name,
        parsed_description: parseDescription(tool.description ?? ""),
        schema: tool.inputSchema
      })),
      is_enabled: true,
      trusted_address: false,
      registered_by: "test",
      registered_at: "2026-01-01T00:00:00.000Z",
      updated_at: "2026-01-01T00:00:00.000Z"
    })
  )

/** What people asked, how it was solved, and the names of the tools that took. */
export const tasks = () =>
  read(Tasks, "tasks.json")
    .filter((task) => task.relevant_tools.length > 0)
    .map(({ query, relevant_tools, steps }) => ({ query, steps, relevant: new Set(relevant_tools) }))
