/** A run as a golden file shows it. */
import type { Figures, LoadSample } from "../src/figures.ts"

const sample = (cpu: number, rate: number, p50: number, p99: number): LoadSample => ({ cpu, rate, p50, p99, ownCpu: 4 })

const times = (samples: ReadonlyArray<LoadSample>, by: number): ReadonlyArray<LoadSample> =>
  samples.map(({ cpu, rate, p50, p99, ownCpu }) => ({
    cpu: cpu * by,
    rate: rate / by,
    p50: p50 * by,
    p99: p99 * by,
    ownCpu
  }))

/** Three quiet rounds; spread 4 %. */
export const BARE = [sample(25, 40_000, 700, 2_000), sample(25.5, 39_500, 710, 2_100), sample(26, 39_000, 720, 2_050)]

export const QUIET: Figures = {
  setup: {
    bun: "1.4.4",
    cores: 2,
    pinned: true,
    rounds: 3,
    seconds: 3,
    connections: 32,
    missing: ["nginx and nginx-auth: nginx is not installed"]
  },
  load: {
    generator: "wrk",
    arms: [
      { name: "direct", what: "nothing", samples: times(BARE, 0.25) },
      { name: "bare", what: "Bun.serve and fetch", samples: BARE },
      { name: "mcpgw", what: "the gateway, fully governed, audit rows on disk", samples: times(BARE, 1.2) }
    ],
    audit: { answered: 360_000, rows: 360_032, cutOff: 128, gapless: true }
  },
  start: { first: 512.4, starts: [410, 395, 402], resident: 118_400_000 },
  streams: {
    streams: 2_000,
    bare: [{ memory: 20_000, opening: 100, idle: 4_000, event: 20 }],
    mcpgw: [{ memory: 30_000, opening: 250, idle: 8_000, event: 30 }]
  },
  flood: {
    caller: 500,
    flood: 1_000,
    samples: {
      alone: [400, 410, 405].map((p50) => ({ p50, p99: p50 * 3, busy: 0 })),
      cached: [500, 510, 505].map((p50) => ({ p50, p99: p50 * 4, busy: 0 })),
      forged: [600, 610, 605].map((p50) => ({ p50, p99: p50 * 4, busy: 0 })),
      new: [700, 710, 705].map((p50) => ({ p50, p99: p50 * 8, busy: 0.25 }))
    }
  },
  registry: {
    database: "SQLite",
    servers: 10_000,
    asks: [
      { name: "first page of 100", took: [4, 5, 6.5], cpu: 3.2, bar: 20 },
      { name: "query in the list", took: [29, 31, 40], cpu: 28.4, bar: 30 }
    ],
    registrations: { count: 1_000, atOnce: 8, rates: [180, 210], cpu: 4.1 }
  },
  micro: [
    {
      name: "envelope, small, 137 B",
      cases: [
        { name: "JSON.parse", ns: [200, 204, 208] },
        { name: "readEnvelope", ns: [500, 510, 520], bar: 2 }
      ]
    },
    {
      name: "relayed, per chunk: an event of 206 B",
      cases: [
        { name: "a bare pull-through stream", ns: [330, 335, 340] },
        { name: "the relay", ns: [450, 460, 470], over: 250 }
      ]
    },
    { name: "decision", cases: [{ name: "policy.decide, tools/call", ns: [40, 41, 42] }] }
  ]
}
