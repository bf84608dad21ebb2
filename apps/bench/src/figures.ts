/** What a run came to, as plain data: what the phases make, the report reads and `--json` prints. */
import type { ArmName } from "./options.ts"

/** One arm in one round. */
export interface LoadSample {
  /** CPU of the serving processes, microseconds per answered request. */
  readonly cpu: number
  /** Answered requests per second. */
  readonly rate: number
  /** Microseconds. */
  readonly p50: number
  readonly p99: number
  /** CPU of the load generator, microseconds per request. */
  readonly ownCpu: number
}

export interface ArmFigures {
  readonly name: ArmName
  readonly what: string
  /** One per round, in order. */
  readonly samples: ReadonlyArray<LoadSample>
}

export interface AuditFigures {
  /** Calls the load generator saw answered. */
  readonly answered: number
  /** Rows of such calls in the file, after the gateway's end. */
  readonly rows: number
  /** Calls that may have been answered after the generator stopped listening. */
  readonly cutOff: number
  readonly gapless: boolean
}

export interface LoadFigures {
  readonly generator: string
  readonly arms: ReadonlyArray<ArmFigures>
  readonly audit: AuditFigures | undefined
}

export interface StartFigures {
  /** Milliseconds of a first start, keys and policy made, until it answers at all. */
  readonly first: number
  /** Milliseconds from process start to the first answered governed call, one per start. */
  readonly starts: ReadonlyArray<number>
  /** Bytes at rest, one server known and checked. */
  readonly resident: number
}

export interface StreamSample {
  /** Bytes per stream. */
  readonly memory: number
  /** Microseconds of CPU to open one. */
  readonly opening: number
  /** Microseconds of CPU per second, all streams idle. */
  readonly idle: number
  /** Microseconds of CPU to relay one event. */
  readonly event: number
}

export interface StreamFigures {
  readonly streams: number
  readonly bare: ReadonlyArray<StreamSample>
  readonly mcpgw: ReadonlyArray<StreamSample>
}

/** What goes on beside the caller whose calls are measured. */
export const FLOODS = ["alone", "cached", "forged", "new"] as const
export type FloodName = (typeof FLOODS)[number]

/** Microseconds, from when a call was due. */
export interface FloodSample {
  readonly p50: number
  readonly p99: number
  /** Share of what was beside that was answered 429. */
  readonly busy: number
}

export interface FloodFigures {
  /** Calls a second of the caller, and of what is beside. */
  readonly caller: number
  readonly flood: number
  /** One per round, in order. */
  readonly samples: Readonly<Record<FloodName, ReadonlyArray<FloodSample>>>
}

/** One request of the registry's API, asked again and again. */
export interface RegistryAsk {
  readonly name: string
  /** Milliseconds until the answer was read, there and back, one per request. */
  readonly took: ReadonlyArray<number>
  /** CPU of the gateway's process, milliseconds per request. */
  readonly cpu: number
  /** Milliseconds it may take. */
  readonly bar: number
}

export interface RegistryFigures {
  /** Over which it was. */
  readonly database: string
  /** Registered before anything was asked. */
  readonly servers: number
  readonly asks: ReadonlyArray<RegistryAsk>
  /** Each answered when it was on disk and known. */
  readonly registrations: {
    readonly count: number
    readonly atOnce: number
    /** Registrations a second, one per run of as many. */
    readonly rates: ReadonlyArray<number>
    /** Milliseconds each. */
    readonly cpu: number
  }
}

/** Nanoseconds per call of one function, one value per round. */
export interface MicroCase {
  readonly name: string
  readonly ns: ReadonlyArray<number>
  /** What its ratio to the group's first case may be. */
  readonly bar?: number
  /** Nanoseconds it may take by itself. */
  readonly limitNs?: number
  /** Nanoseconds it may take above the group's first case. */
  readonly over?: number
}

/** The first case is the yardstick of the others. */
export interface MicroGroup {
  readonly name: string
  readonly cases: ReadonlyArray<MicroCase>
}

export interface Setup {
  readonly bun: string
  readonly cores: number
  readonly pinned: boolean
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  /** What could not be measured here, and why. */
  readonly missing: ReadonlyArray<string>
}

export interface Figures {
  readonly setup: Setup
  readonly load: LoadFigures | undefined
  readonly start: StartFigures | undefined
  readonly streams: StreamFigures | undefined
  readonly flood: FloodFigures | undefined
  readonly registry: RegistryFigures | undefined
  readonly micro: ReadonlyArray<MicroGroup> | undefined
}
