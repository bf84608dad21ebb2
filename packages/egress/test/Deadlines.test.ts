import { afterEach, beforeEach, describe, expect, it, vi } from "@effect/vitest"
import { Deadlines } from "../src/Deadlines.ts"

describe("Deadlines", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }))
  afterEach(() => void vi.useRealTimers())

  it("fires once, not before its time, and at the latest a tick after", () => {
    const wheel = new Deadlines()
    const fire = vi.fn()
    wheel.start(1000, fire)
    vi.advanceTimersByTime(999)
    expect(fire).not.toHaveBeenCalled()
    vi.advanceTimersByTime(101)
    expect(fire).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(10_000)
    expect(fire).toHaveBeenCalledTimes(1)
  })

  it("knows the time to within a tick while any runs, and is exact where one is set", () => {
    const wheel = new Deadlines()
    vi.advanceTimersByTime(5_000)
    wheel.start(60_000, () => undefined)
    expect(wheel.now).toBe(performance.now())
    for (let i = 0; i < 50; i++) {
      vi.advanceTimersByTime(77)
      expect(performance.now() - wheel.now).toBeLessThanOrEqual(100)
    }
    wheel.start(60_000, () => undefined)
    expect(wheel.now).toBe(performance.now())
  })

  it("extended, it counts from then", () => {
    const wheel = new Deadlines()
    const fire = vi.fn()
    const deadline = wheel.start(1000, fire)
    for (let i = 0; i < 5; i++) {
      vi.advanceTimersByTime(900)
      deadline.extend(1000)
    }
    vi.advanceTimersByTime(900)
    expect(fire).not.toHaveBeenCalled()
    vi.advanceTimersByTime(200)
    expect(fire).toHaveBeenCalledTimes(1)
    deadline.extend(1000)
    vi.advanceTimersByTime(5000)
    expect(fire).toHaveBeenCalledTimes(1)
  })

  it("cancelled, it never fires; cancelling twice or late does nothing", () => {
    const wheel = new Deadlines()
    const fire = vi.fn()
    const deadline = wheel.start(100, fire)
    deadline.cancel()
    deadline.cancel()
    vi.advanceTimersByTime(1000)
    expect(fire).not.toHaveBeenCalled()
  })

  it("many, each at its own time; one may start and cancel others as it fires", () => {
    const wheel = new Deadlines()
    const fired: Array<string> = []
    const late = wheel.start(500, () => fired.push("late"))
    wheel.start(250, () => {
      fired.push("first")
      late.cancel()
      wheel.start(300, () => fired.push("second"))
    })
    vi.advanceTimersByTime(2000)
    expect(fired).toEqual(["first", "second"])
  })

  it("one that sets itself anew, due at once, is met again at the next tick and not before", () => {
    const wheel = new Deadlines()
    let fired = 0
    const again = (): void => {
      if (++fired < 1_000) wheel.start(0, again)
    }
    wheel.start(0, again)
    vi.advanceTimersByTime(300)
    expect(fired).toBe(3)
    wheel.stop()
  })

  it("one that throws takes none of the others with it", () => {
    const wheel = new Deadlines()
    const fire = vi.fn()
    wheel.start(100, () => {
      throw new Error("boom")
    })
    wheel.start(100, fire)
    try {
      vi.advanceTimersByTime(200)
    } catch {
      // The timer reports it; what matters is the other deadline.
    }
    vi.advanceTimersByTime(200)
    expect(fire).toHaveBeenCalledTimes(1)
  })

  it("the timer runs only while something is waited for", () => {
    const wheel = new Deadlines()
    expect(vi.getTimerCount()).toBe(0)
    wheel.start(100, () => undefined)
    wheel.start(200, () => undefined)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(1000)
    expect(vi.getTimerCount()).toBe(0)
    wheel.start(100, () => undefined)
    wheel.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
