/** Entry of the audit worker thread: hands messages to the ledger. Started by AuditSqlite.ts only; never imported. */
import { type AuditLedger, openLedger } from "./AuditLedger.ts"
import type { FromWorker, ToWorker } from "./AuditProtocol.ts"

declare const self: Worker

let ledger: AuditLedger | undefined
let failed = false

const say = (message: FromWorker): void => self.postMessage(message)

const handle = (message: ToWorker): void => {
  if (typeof message === "string") {
    if (ledger !== undefined) say(ledger.append(message))
    return
  }
  switch (message.type) {
    case "open":
      ledger = openLedger(message.path, message.token)
      return say({ type: "opened", written: ledger.written() })
    case "sync":
      ledger?.sync()
      return say({ type: "synced", id: message.id })
    case "prune":
      if (ledger !== undefined) say(ledger.prune(message))
      return
    case "close":
      ledger?.close()
      return say({ type: "closed" })
  }
}

const fail = (cause: unknown): void => {
  failed = true
  const reasons = [cause]
  try {
    ledger?.abandon()
  } catch (closing) {
    reasons.push(closing)
  }
  say({
    type: "failed",
    operation: ledger === undefined ? "open" : "write",
    reason: reasons.map((reason) => (reason instanceof Error ? reason.message : String(reason))).join("; ")
  })
}

self.addEventListener("message", (event: MessageEvent<ToWorker>) => {
  const closing = typeof event.data === "object" && event.data.type === "close"
  // Rows after a failed batch must not be written before it: only the sink, by a new worker, goes on.
  if (failed) {
    if (closing) say({ type: "closed" })
    return
  }
  try {
    handle(event.data)
  } catch (cause) {
    fail(cause)
    if (closing) say({ type: "closed" })
  }
})
