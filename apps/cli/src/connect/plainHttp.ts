/**
 * May a credential go there? Over https, to this computer, or to a host that `MCPGW_ALLOW_HTTP` names: whoever is on the way reads what goes over
 * http. The one place that decides, of whatever URL: every command asks it before it sends a credential, and of settings that say where one
 * would go. Sends nothing itself.
 */
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { type Failure, usage } from "../Failure.ts"

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

/** Nobody between here and there reads along. */
export const isPrivateWay = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && (url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname)))
}

/** Hosts of `MCPGW_ALLOW_HTTP`, separated by commas. */
const allowed: Effect.Effect<ReadonlyArray<string>> = Config.string("MCPGW_ALLOW_HTTP").pipe(
  Effect.orElseSucceed(() => ""),
  Effect.map((text) => text.split(",").map((host) => host.trim().toLowerCase()))
)

const isAllowed = (url: string): Effect.Effect<boolean> => {
  const host = URL.parse(url)?.hostname ?? ""
  return Effect.map(allowed, (hosts) => host !== "" && /^https?:/i.test(url) && hosts.includes(host))
}

/** Whether a credential may go there, without a word. */
export const mayGo = (url: string): Effect.Effect<boolean> =>
  isPrivateWay(url) ? Effect.succeed(true) : isAllowed(url)

/** `what` would go to `url`: fails unless it may, and warns where it may but is readable. */
export const guardCredential = (url: string, what = "your credential"): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    if (isPrivateWay(url)) return
    const problem = `${url} is not encrypted`
    if (yield* isAllowed(url)) return yield* Console.error(`warning: ${problem}; ${what} crosses the network readable`)
    return yield* usage(
      `${problem}: ${what} would cross the network readable, and is not sent`,
      `use https://, or set MCPGW_ALLOW_HTTP=${URL.parse(url)?.hostname ?? ""} to send it all the same`
    )
  })
