/** A small catalog the suites share. */
import { ServerRecord } from "@mcpgw/domain/Server"
import { parseDescription } from "@mcpgw/domain/Tool"
import * as Schema from "effect/Schema"

export const tool = (name: string, description = "", properties: ReadonlyArray<string> = []) => ({
  name,
  parsed_description: parseDescription(description),
  schema: { type: "object", properties: Object.fromEntries(properties.map((key) => [key, { type: "string" }])) }
})

export const server = (
  path: string,
  server_name: string,
  more: {
    readonly description?: string
    readonly tags?: ReadonlyArray<string>
    readonly tools?: ReadonlyArray<ReturnType<typeof tool>>
  } = {}
): ServerRecord =>
  Schema.decodeUnknownSync(ServerRecord)({
    server_name,
    description: more.description ?? "",
    path,
    proxy_pass_url: "https://example.org/mcp",
    tags: more.tags ?? [],
    num_tools: more.tools?.length ?? 0,
    num_stars: 0,
    is_python: false,
    license: "N/A",
    supported_transports: ["streamable-http"],
    headers: [],
    tool_list: more.tools ?? [],
    is_enabled: true,
    trusted_address: false,
    registered_by: "test",
    registered_at: "2026-01-01T00:00:00.000Z",
    updated_at: "2026-01-01T00:00:00.000Z"
  })

export const time = server("/currenttime", "Current Time", {
  description: "What time it is, anywhere",
  tags: ["clock"],
  tools: [
    tool("current_time_by_timezone", "Get the current time for a specified timezone", ["tz_name"]),
    tool("listTimeZones", "All zone names known")
  ]
})

export const finance = server("/fininfo", "Financial Info", {
  description: "Stock quotes and exchange rates",
  tags: ["money"],
  tools: [
    tool("get_stock_aggregates", "Daily prices of a stock ticker", ["stock_ticker", "from_date"]),
    tool("print_stock_data", "Prints prices as a table", ["ticker"])
  ]
})

export const weather = server("/team/weather", "Weather", {
  description: "Forecasts of rain and storms",
  tools: [tool("get-forecast", "Forecast for a city", ["city"]), tool("HTTPWeatherAlerts", "Warnings for a region")]
})

/** Alike in every word, so that only the tie-break tells them apart. */
export const twins = ["/twin-b", "/twin-a"].map((path) =>
  server(path, "Twin", { tools: [tool("zeta_twin", "alike"), tool("alpha_twin", "alike")] })
)

export const small: ReadonlyArray<ServerRecord> = [time, finance, weather]
