/** What a process costs, from /proc: CPU time of a process and everything it started, and resident memory. Linux only. */
import { readdirSync, readFileSync } from "node:fs"

export interface ProcessStat {
  readonly pid: number
  readonly parent: number
  /** User and system time of all threads, ended ones too, in ticks. */
  readonly ticks: number
}

/** USER_HZ: what /proc counts in on every architecture Bun runs on. */
const MICROSECONDS_PER_TICK = 10_000

/** A line of /proc/{pid}/stat; undefined when it is none. The name in it may hold blanks and brackets. */
export const parseStat = (line: string): ProcessStat | undefined => {
  const end = line.lastIndexOf(")")
  const pid = Number.parseInt(line, 10)
  if (end === -1 || !Number.isInteger(pid)) return undefined
  // After the name: state, parent, …; user and system time are fields 14 and 15 of the line, 11 and 12 from here.
  const fields = line.slice(end + 2).split(" ")
  const [parent, user, system] = [Number(fields[1]), Number(fields[11]), Number(fields[12])]
  if (!Number.isInteger(parent) || !Number.isInteger(user) || !Number.isInteger(system)) return undefined
  return { pid, parent, ticks: user + system }
}

/** `VmRSS` of /proc/{pid}/status in bytes; 0 when it is not there, as for kernel threads. */
export const parseResident = (status: string): number => {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  return kib === undefined ? 0 : Number(kib) * 1024
}

/** `roots` and all they started, directly or not. */
export const descendants = (
  all: ReadonlyArray<ProcessStat>,
  roots: ReadonlyArray<number>
): ReadonlyArray<ProcessStat> => {
  const wanted = new Set(roots)
  for (let before = -1; before !== wanted.size;) {
    before = wanted.size
    for (const { pid, parent } of all) if (wanted.has(parent)) wanted.add(pid)
  }
  return all.filter(({ pid }) => wanted.has(pid))
}

/** A process may end between listing and reading; then it is not there. */
const readProc = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8")
  } catch {
    return ""
  }
}

const processes = (): ReadonlyArray<ProcessStat> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => parseStat(readProc(Number(name), "stat")))
    .filter((stat) => stat !== undefined)

/** CPU time used so far, microseconds, to a hundredth of a second. */
export const cpuTime = (roots: ReadonlyArray<number>): number =>
  descendants(processes(), roots).reduce((sum, { ticks }) => sum + ticks, 0) * MICROSECONDS_PER_TICK

/** Resident memory now, bytes. */
export const resident = (roots: ReadonlyArray<number>): number =>
  descendants(processes(), roots).reduce((sum, { pid }) => sum + parseResident(readProc(pid, "status")), 0)
