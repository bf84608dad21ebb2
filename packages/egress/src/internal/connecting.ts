/** Tries at one address: a connect deadline of their own, without a word from `fetch`. Never sends anything. */
import { connect } from "node:net"
import { UpstreamFailure } from "../Upstream.ts"

/** A try at one address of several: its connect deadline must not end the whole exchange, the caller's leaving must. */
export const attemptOf = (caller: AbortSignal): AbortController => {
  const attempt = new AbortController()
  const leave = (): void => attempt.abort(caller.reason)
  if (caller.aborted) leave()
  else caller.addEventListener("abort", leave, { once: true })
  return attempt
}

/**
 * `fetch` does not say when it has connected. For an origin that has not answered lately a bare TCP connection is made beside
 * it: when that can not be had within the deadline, neither can the request's.
 */
export const watchConnect = (address: string, port: number, ms: number, controller: AbortController): (() => void) => {
  const socket = connect({ host: address, port })
  const done = (): void => {
    clearTimeout(timer)
    socket.destroy()
  }
  const timer = setTimeout(() => {
    done()
    controller.abort(new UpstreamFailure("connect_timeout", `no connection to ${address} within ${ms} ms`))
  }, ms)
  socket.once("connect", done)
  socket.once("error", done)
  return done
}
