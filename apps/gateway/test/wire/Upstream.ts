/**
 * A scripted server that keeps callers' requests apart from the gateway's own questions after its health, which it always answers as a
 * healthy server does. For tests only.
 */
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import {
  type Answer,
  type Arrived,
  type Asked,
  type ScriptedServer,
  startScripted
} from "@mcpgw/testkit/ScriptedServer"

export interface Upstream {
  readonly url: string
  /** What callers asked, in order of arrival. */
  readonly asked: () => ReadonlyArray<Arrived>
  /** Takes what was asked so far off the record. */
  readonly forget: ScriptedServer["forget"]
  readonly stop: ScriptedServer["stop"]
}

/** Only what is sent for somebody names them. */
const isCallers = ({ headers }: Asked): boolean => headers.has("x-user")

export const startUpstream = async (answer: Answer): Promise<Upstream> => {
  const probed = legacyScript()
  const server = await startScripted((asked) => (isCallers(asked) ? answer(asked) : probed(asked)))
  const { url, seen, forget, stop } = server
  return { url, forget, stop, asked: () => seen.filter(isCallers) }
}
