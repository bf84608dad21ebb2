/** The wrk script: which request is sent, and how the result is printed. Pure. */
import { DIGITS } from "./call.ts"

export interface ScriptParts {
  readonly head: string
  readonly tail: string
  readonly headers: Readonly<Record<string, string>>
}

const quoted = (text: string): string => `[==[${text}]==]`

/** The token is wrk's argument behind `--`. The request is put together once; only the argument's digits change. */
export const wrkScript = ({ head, tail, headers }: ScriptParts): string => `
local n = 0
local first, last
function init(args)
  wrk.method = "POST"
${Object.entries(headers)
  .map(([name, value]) => `  wrk.headers[ ${quoted(name)} ] = ${quoted(value)}\n`)
  .join("")}  wrk.headers["authorization"] = "Bearer " .. args[1]
  local marker = string.rep("#", ${DIGITS})
  local whole = wrk.format(nil, nil, nil, ${quoted(head)} .. marker .. ${quoted(tail)})
  local from, to = string.find(whole, marker, 1, true)
  first = string.sub(whole, 1, from - 1)
  last = string.sub(whole, to + 1)
end
function request()
  n = n + 1
  return first .. string.format("%0${DIGITS}d", n) .. last
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"p50":%d,"p99":%d,"errors":%d} CPU %d\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout, os.clock() * 1e6))
end
`
