/** One way from the load generator to the echo server. */
import type { ArmName } from "../options.ts"

export interface Arm {
  readonly name: ArmName
  /** What stands between load and echo server, one line. */
  readonly what: string
  /** Where calls are sent. */
  readonly url: string
  /** Sent as bearer. */
  readonly token: string
  /** Processes that serve; their descendants count too. */
  readonly pids: ReadonlyArray<number>
}
