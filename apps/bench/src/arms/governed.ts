/**
 * Is the measured gateway governed at all, and was every answered call recorded? Checked before and after measuring: a fast
 * gateway that lets everything pass is not what is to be measured.
 */
import { Database } from "bun:sqlite"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { BenchFailed, wordsOf } from "../BenchFailed.ts"
import { bodyOf, bodyOfTool, HEADERS } from "../load/call.ts"
import { DENIED_TOOL, type Gateway, type GatewayHome, SERVER } from "./Gateway.ts"

export interface AuditCount {
  /** Rows of the measured call, allowed and answered. */
  readonly answered: number
  readonly denied: number
  /** All rows, and the highest sequence number: equal when none is missing. */
  readonly rows: number
  readonly sequence: number
}

interface CountRow {
  readonly answered: number | null
  readonly denied: number | null
  readonly rows: number
  readonly sequence: number | null
}

const COUNT = `SELECT count(*) AS rows, max(sequence) AS sequence,
  sum(method = 'tools/call' AND decision = 'allow' AND outcome = 'ok') AS answered, sum(decision = 'deny') AS denied FROM audit`

/** Reads the record as any auditor would: from its file. */
export const countAudit = ({ folder }: GatewayHome): Effect.Effect<AuditCount, BenchFailed> =>
  Effect.try({
    try: () => {
      using db = new Database(join(folder, "audit.db"), { readonly: true })
      const row = db.query<CountRow, []>(COUNT).get()
      return {
        answered: row?.answered ?? 0,
        denied: row?.denied ?? 0,
        rows: row?.rows ?? 0,
        sequence: row?.sequence ?? 0
      }
    },
    catch: (cause) => new BenchFailed({ problem: `the audit record can not be read: ${wordsOf(cause)}` })
  })

const call = (
  mcp: string,
  body: string,
  token: string | undefined
): Effect.Effect<{ status: number; text: string }, BenchFailed> =>
  Effect.tryPromise({
    try: async () => {
      const headers = token === undefined ? HEADERS : { ...HEADERS, authorization: `Bearer ${token}` }
      const response = await fetch(mcp, { method: "POST", headers, body })
      return { status: response.status, text: await response.text() }
    },
    catch: (cause) => new BenchFailed({ problem: `${mcp} does not answer: ${wordsOf(cause)}` })
  })

const expect = (holds: boolean, problem: string): Effect.Effect<void, BenchFailed> =>
  holds ? Effect.void : Effect.fail(new BenchFailed({ problem: `the gateway is not governed: ${problem}` }))

/** One call through; its answer must be the echo's. */
export const callOnce = (mcp: string, token: string): Effect.Effect<void, BenchFailed> =>
  Effect.flatMap(call(mcp, bodyOf(7), token), ({ status, text }) =>
    status === 200 && text.includes("call 000000007")
      ? Effect.void
      : Effect.fail(new BenchFailed({ problem: `${mcp} answered ${status}: ${text.slice(0, 300)}` }))
  )

const eventually = (holds: Effect.Effect<boolean, BenchFailed>, problem: string): Effect.Effect<void, BenchFailed> => {
  const again: Effect.Effect<void, BenchFailed> = Effect.flatMap(holds, (yes) =>
    yes ? Effect.void : Effect.zipRight(Effect.sleep("50 millis"), again)
  )
  return Effect.timeoutFail(again, { duration: "15 seconds", onTimeout: () => new BenchFailed({ problem }) })
}

/** No token: 401. Another tool: refused and recorded. The allowed one: answered and recorded. Server: checked and healthy. */
export const verifyGoverned = (gateway: Gateway, home: GatewayHome, token: string): Effect.Effect<void, BenchFailed> =>
  Effect.gen(function* () {
    const anonymous = yield* call(gateway.mcp, bodyOf(1), undefined)
    yield* expect(anonymous.status === 401, `a call without a token was answered ${anonymous.status}`)
    const denied = yield* call(gateway.mcp, bodyOfTool(DENIED_TOOL), token)
    yield* expect(
      denied.text.includes("Access denied"),
      `the tool ${DENIED_TOOL} was answered ${denied.text.slice(0, 300)}`
    )
    yield* callOnce(gateway.mcp, token)
    const recorded = Effect.map(
      countAudit(home),
      (count) => count.answered >= 1 && count.denied >= 1 && count.rows >= 3
    )
    yield* eventually(recorded, "the gateway wrote no audit rows")
    yield* eventually(healthy(gateway), `the gateway's health check of ${SERVER} did not succeed`)
  })

const healthy = (gateway: Gateway): Effect.Effect<boolean, BenchFailed> =>
  Effect.tryPromise({
    try: async () => {
      const text = await (await fetch(`${gateway.url}/metrics`)).text()
      return text
        .split("\n")
        .some(
          (line) =>
            /^mcp_health_checks_total\{.*success="true".*\} [1-9]/.test(line) && line.includes(`server="${SERVER}"`)
        )
    },
    catch: (cause) => new BenchFailed({ problem: `no metrics: ${wordsOf(cause)}` })
  })
