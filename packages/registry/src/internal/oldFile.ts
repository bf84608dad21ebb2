/**
 * A server's file of the replaced system (contracts.md §2.9) as fields of a registration. Pure. Only reshapes what has another shape here;
 * judges nothing: a value that can not be used is left as it is, to be refused by name. What has no place here is kept in `other_fields`.
 */
import { ListedResource } from "@mcpgw/domain/Server"
import { parseDescription } from "@mcpgw/domain/Tool"
import * as Schema from "effect/Schema"

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isListed = Schema.is(Schema.Array(ListedResource))

/** Fields that mean the same here. */
const SAME = [
  "server_name",
  "path",
  "proxy_pass_url",
  "description",
  "num_tools",
  "num_stars",
  "is_python",
  "license",
  "auth_provider",
  "auth_type",
  "mcp_endpoint",
  "sse_endpoint"
] as const

const TRANSPORTS: Readonly<Record<string, string>> = {
  http: "streamable-http",
  streamable: "streamable-http",
  streamable_http: "streamable-http",
  streamablehttp: "streamable-http"
}

const transport = (value: unknown): unknown =>
  typeof value === "string" ? (TRANSPORTS[value.trim().toLowerCase()] ?? value.trim().toLowerCase()) : value

const transports = ({ supported_transports: many, transport: one }: Fields): unknown => {
  if (Array.isArray(many)) return many.length > 0 ? many.map(transport) : undefined
  if (typeof many === "string") return many.split(",").map(transport)
  if (many !== undefined) return many
  return typeof one === "string" && one !== "" && one !== "auto" ? [transport(one)] : undefined
}

const tags = (value: unknown): unknown =>
  typeof value === "string"
    ? value
        .split(",")
        .map((tag) => tag.trim())
        .filter((tag) => tag !== "")
    : value

/** A list of `{name: value}`, or one such object. Values are texts: `$NAME_AUTH_TOKEN` stays as it is. */
const headers = (value: unknown): unknown => {
  const list = isFields(value) ? [value] : value
  if (!Array.isArray(list)) return list
  return list.map((entry: unknown) =>
    isFields(entry)
      ? Object.fromEntries(
          Object.entries(entry).map(([name, held]) => [name, typeof held === "number" ? String(held) : held])
        )
      : entry
  )
}

const textOrNull = (value: unknown): unknown =>
  value === undefined || value === null ? null : typeof value === "string" ? value : JSON.stringify(value)

const described = ({ description, parsed_description: parsed }: Fields): unknown => {
  if (isFields(parsed)) {
    const { args, main, raises, returns } = parsed
    return { main: main ?? "", args: textOrNull(args), returns: textOrNull(returns), raises: textOrNull(raises) }
  }
  return parseDescription(typeof parsed === "string" ? parsed : typeof description === "string" ? description : "")
}

const TOOL_FIELDS: ReadonlySet<string> = new Set(["name", "parsed_description", "schema"])

/** What else a tool's entry holds is kept as its definition. */
const tool = (value: unknown): unknown => {
  if (!isFields(value)) return value
  const { definition, inputSchema, name, schema = inputSchema ?? {} } = value
  const more = Object.keys(value).some((key) => !TOOL_FIELDS.has(key))
  return {
    name,
    parsed_description: described(value),
    schema,
    ...(definition !== undefined ? { definition } : more ? { definition: value } : {})
  }
}

const withoutNulls = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null))

/** Names whose whole meaning is in another field of the registration. */
const CONSUMED: ReadonlySet<string> = new Set([
  ...SAME,
  "headers",
  "is_enabled",
  "supported_transports",
  "tags",
  "tool_list",
  "visibility",
  // What the registry sets itself when a record is made, and says of it.
  "id",
  "registered_by",
  "registered_at",
  "updated_at",
  "trusted_address"
])

/** The file's fields as a registration has them; undefined when the file holds no object. */
export const fieldsOfFile = (content: unknown): Fields | undefined => {
  if (!isFields(content)) return undefined
  const file = withoutNulls(content)
  const { name, resource_list: resources, tool_list: tools, visibility } = file
  const listed = isListed(resources)
  const other = Object.entries(file).filter(
    ([key]) =>
      !CONSUMED.has(key) && !(key === "resource_list" && listed) && !(key === "name" && !("server_name" in file))
  )
  // Being told of to anyone is decided here, not by a file.
  const others = [...other, ...(visibility === undefined ? [] : [["visibility", visibility] as const])]
  return withoutNulls({
    ...Object.fromEntries(SAME.map((key) => [key, file[key]])),
    server_name: file["server_name"] ?? name,
    tags: tags(file["tags"]),
    headers: headers(file["headers"]),
    supported_transports: transports(file),
    tool_list: Array.isArray(tools) ? tools.map(tool) : tools,
    resource_list: listed ? resources : undefined,
    other_fields: others.length > 0 ? Object.fromEntries(others) : undefined,
    is_enabled: file["is_enabled"]
  })
}
