/** When a token is to be refreshed. Pure; all times and lifetimes are seconds, points in time unix seconds. */

export interface Age {
  /** When it ends; null for one that does not. */
  readonly expiresAt: number | null
  /** How long it lived when it was new; undefined when that is not known. */
  readonly lifetime: number | undefined
}

/** What is asked for, cut to a quarter of the lifetime: a short token would be due as soon as it is there. */
export const bufferOf = (setting: number, lifetime: number | undefined): number =>
  lifetime === undefined || lifetime <= 0 ? setting : Math.min(setting, lifetime / 4)

/** From when on it is to be refreshed; null: never. */
export const dueAt = ({ expiresAt, lifetime }: Age, setting: number): number | null =>
  expiresAt === null ? null : expiresAt - bufferOf(setting, lifetime)

export const isDue = (age: Age, setting: number, now: number): boolean => {
  const at = dueAt(age, setting)
  return at !== null && now >= at
}

export const FIRST_RETRY_SECONDS = 30
export const LAST_RETRY_SECONDS = 3600

/** How long to leave a provider alone after it failed that many times in a row (1, 2, …). */
export const retryAfter = (failures: number): number =>
  Math.min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** Math.min(Math.max(failures, 1) - 1, 20))

/** A token that is due as soon as it is there must not make us ask without end. */
export const SHORTEST_SLEEP_SECONDS = 5

/** How long to sleep: until the first token is due or may be tried again, but never longer than the interval. */
export const sleepFor = (moments: ReadonlyArray<number>, interval: number, now: number): number =>
  Math.max(SHORTEST_SLEEP_SECONDS, Math.min(interval, ...moments.map((moment) => moment - now)))
