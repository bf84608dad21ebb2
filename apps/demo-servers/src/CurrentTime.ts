/** **currenttime** — an MCP server with one tool: what time it is in a time zone. Reads the clock; calls nothing. */
import { McpServer } from "@modelcontextprotocol/server"
import * as z from "zod"
import { answer, problem } from "./Result.ts"

export interface TimeInZone {
  /** The zone's name as the runtime spells it, such as `Europe/Rome`. */
  readonly timezone: string
  /** `2026-01-31 09:05:00 EST-0500`; `2026-01-31 20:05:00 +0600` for a zone whose abbreviation the platform does not know. */
  readonly current_time: string
  /** ISO 8601 with the zone's offset. */
  readonly iso: string
  /** `+01:00`. */
  readonly utc_offset: string
  readonly epoch_ms: number
}

/** The time in a zone, or undefined when there is no such zone. */
export const timeInZone = (zone: string, now: Date): TimeInZone | undefined => {
  const format = formatOf("en-US", zone, "longOffset")
  if (format === undefined) return undefined
  const part = partsOf(format, now)
  const offset = (part.timeZoneName ?? "GMT").replace("GMT", "") || "+00:00"
  const date = `${part.year}-${part.month}-${part.day}`
  const time = `${part.hour}:${part.minute}:${part.second}`
  return {
    timezone: format.resolvedOptions().timeZone,
    current_time: `${date} ${time} ${abbreviationOf(zone, now)}${offset.replaceAll(":", "")}`,
    iso: `${date}T${time}${offset}`,
    utc_offset: offset,
    epoch_ms: now.getTime()
  }
}

/** Every country's English knows the abbreviations in use there, and no other's. */
const ENGLISHES = ["en-US", "en-GB", "en-AU", "en-NZ", "en-IN", "en-ZA", "en-CA", "en-IE"] as const

/** `EST`, `CEST`; empty when all the platform has is an offset such as `GMT+6`, which is printed anyway. */
const abbreviationOf = (zone: string, now: Date): string => {
  for (const english of ENGLISHES) {
    const format = formatOf(english, zone, "short")
    const name = format === undefined ? undefined : partsOf(format, now).timeZoneName
    if (name !== undefined && /^[A-Z]{2,}$/.test(name)) return name
  }
  return ""
}

const formatOf = (
  locale: string,
  timeZone: string,
  timeZoneName: "short" | "longOffset"
): Intl.DateTimeFormat | undefined => {
  try {
    return new Intl.DateTimeFormat(locale, {
      timeZone,
      timeZoneName,
      calendar: "iso8601",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit"
    })
  } catch {
    return undefined // RangeError: the runtime knows no such zone.
  }
}

const partsOf = (format: Intl.DateTimeFormat, now: Date): Partial<Record<Intl.DateTimeFormatPartTypes, string>> =>
  Object.fromEntries(format.formatToParts(now).map(({ type, value }) => [type, value]))

const DESCRIPTION = `Get the current time in a given time zone.

Args:
    tz_name: IANA name of the time zone, such as "America/New_York", "Europe/Rome" or "UTC".

Returns:
    The local date and time with the zone's abbreviation (where it has one) and offset, the same as ISO 8601, and epoch milliseconds.`

const input = z.object({
  tz_name: z
    .string()
    .min(1)
    .max(100)
    .default("America/New_York")
    .describe('IANA time zone name, such as "America/New_York", "Europe/Rome" or "UTC"')
})

const output = z.object({
  timezone: z.string(),
  current_time: z.string(),
  iso: z.string(),
  utc_offset: z.string(),
  epoch_ms: z.number()
})

/** A fresh server; `now` is the clock. */
export const currentTimeServer = (now: () => Date = () => new Date()): McpServer => {
  const server = new McpServer({ name: "currenttime", version: "1.0.0" })
  server.registerTool(
    "current_time_by_timezone",
    {
      title: "Current time by time zone",
      description: DESCRIPTION,
      inputSchema: input,
      outputSchema: output,
      annotations: { readOnlyHint: true, openWorldHint: false }
    },
    ({ tz_name }) => {
      const found = timeInZone(tz_name, now())
      return found === undefined
        ? problem(
            `tz_name held ${JSON.stringify(tz_name)}, which is no known time zone; it may hold an IANA name such as "America/New_York", "Europe/Rome" or "UTC"`
          )
        : answer({ ...found })
    }
  )
  return server
}
