import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { timeInZone } from "../src/CurrentTime.ts"

describe("timeInZone", () => {
  const winter = new Date("2026-01-31T23:05:09Z")
  it.each([
    ["America/New_York", "2026-01-31 18:05:09 EST-0500", "2026-01-31T18:05:09-05:00", "-05:00"],
    ["Europe/Rome", "2026-02-01 00:05:09 GMT+1+0100", "2026-02-01T00:05:09+01:00", "+01:00"],
    ["Asia/Kolkata", "2026-02-01 04:35:09 GMT+5:30+0530", "2026-02-01T04:35:09+05:30", "+05:30"],
    ["UTC", "2026-01-31 23:05:09 UTC+0000", "2026-01-31T23:05:09+00:00", "+00:00"]
  ])("%s", (zone, current_time, iso, utc_offset) => {
    expect(timeInZone(zone, winter)).toMatchObject({ current_time, iso, utc_offset, epoch_ms: winter.getTime() })
  })

  it("follows daylight saving", () => {
    expect(timeInZone("America/New_York", new Date("2026-07-01T12:00:00Z"))?.utc_offset).toBe("-04:00")
  })

  it.each(["", "Mars/Olympus", "America/New York", "../etc", "null"])("knows no zone %j", (zone) => {
    expect(timeInZone(zone, winter)).toBeUndefined()
  })

  it("its ISO form names the same instant, in every zone", () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf("timeZone"))
    const instants = fc.date({ min: new Date("1980-01-01"), max: new Date("2100-01-01"), noInvalidDate: true })
    fc.assert(
      fc.property(zones, instants, (zone, instant) => {
        const found = timeInZone(zone, instant)
        expect(found === undefined ? found : Date.parse(found.iso)).toBe(Math.floor(instant.getTime() / 1000) * 1000)
      }),
      { numRuns: 50 }
    )
  })
})
