/** What a documented request is, and what several files of them say alike. */

export interface DocumentedRequest {
  readonly at: string
  readonly line: string
  readonly status: number
  /** What the body must hold, members that are not named left aside. */
  readonly body?: object
  /** All keys of `of` in the body, the body itself when there is no such place. */
  readonly keys?: readonly [of: string, ...keys: ReadonlyArray<string>]
  readonly text?: ReadonlyArray<RegExp>
  readonly headers?: Readonly<Record<string, RegExp>>
  /** Where the answer is another than was documented, and why. */
  readonly differs?: string
}

export const error = (message: string): object => ({ error: message })

export const JSON_PLEASE = "-H 'Accept: application/json'"
export const API = "http://localhost:7860"
export const ITEM = [
  "display_name",
  "path",
  "description",
  "proxy_pass_url",
  "is_enabled",
  "tags",
  "num_tools",
  "num_stars",
  "is_python",
  "license",
  "health_status",
  "last_checked_iso"
] as const
export const STATE = ["message", "service_path", "status", "last_checked_iso", "num_tools"] as const
