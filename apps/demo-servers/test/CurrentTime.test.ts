import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { timeInZone } from "../src/CurrentTime.ts"

describe("timeInZone", () => {
  const winter = new Date("2026-01-31T23:05:09Z")
  it.each([
    ["America/New_York", "2026-01-31 18:05:09 EST-0500", "2026-01-31T18:05:09-05:00", "-05:00"],
    ["Europe/Rome", "2026-02-01 00:05:09 CET+0100", "2026-02-01T00:05:09+01:00", "+01:00"],
    ["Asia/Kolkata", "2026-02-01 04:35:09 IST+0530", "2026-02-01T04:35:09+05:30", "+05:30"],
    ["Asia/Dhaka", "2026-02-01 05:05:09 +0600", "2026-02-01T05:05:09+06:00", "+06:00"],
    ["America/Sao_Paulo", "2026-01-31 20:05:09 -0300", "2026-01-31T20:05:09-03:00", "-03:00"],
    ["Europe/London", "2026-01-31 23:05:09 GMT+0000", "2026-01-31T23:05:09+00:00", "+00:00"],
    ["UTC", "2026-01-31 23:05:09 UTC+0000", "2026-01-31T23:05:09+00:00", "+00:00"]
  ])("%s", (zone, current_time, iso, utc_offset) => {
    expect(timeInZone(zone, winter)).toMatchObject({ current_time, iso, utc_offset, epoch_ms: winter.getTime() })
  })

  it.each([
    ["America/New_York", "2026-07-01 08:00:00 EDT-0400"],
    ["Europe/Rome", "2026-07-01 14:00:00 CEST+0200"],
    ["Europe/London", "2026-07-01 13:00:00 BST+0100"],
    ["Australia/Sydney", "2026-07-01 22:00:00 AEST+1000"]
  ])("follows daylight saving in %s", (zone, current_time) => {
    expect(timeInZone(zone, new Date("2026-07-01T12:00:00Z"))).toMatchObject({ current_time })
  })

  it("prints an offset once, in every zone, in winter and in summer", () => {
    for (const zone of Intl.supportedValuesOf("timeZone")) {
      for (const instant of [winter, new Date("2026-07-01T12:00:00Z")]) {
        expect(timeInZone(zone, instant)?.current_time, zone).toMatch(
          /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} ([A-Z]{2,5})?[+-]\d{4}$/
        )
      }
    }
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
