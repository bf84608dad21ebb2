/**
 * What oidc-provider prints about where it runs, and what is not so here: it knows no Bun, and takes its own guard of outgoing requests to be
 * the only one, while ours go through the application's dialler. Said to operators it would raise alarm without cause, so those two lines are
 * left out. Everything else it prints stays.
 *
 * A library below it (tsscmp, by keygrip) asks for random bytes under their deprecated name, at which the runtime warns. The same bytes have
 * another name: asked under the old one, they come under the new one.
 */
import crypto from "node:crypto"

const UNTRUE = [
  "oidc-provider WARNING: Unsupported runtime.",
  "oidc-provider WARNING: failed to setup SSRF protection for fetch"
]

let installed = false

/** Once for the process; before the provider is imported. */
export const leaveOutUntrueWords = (): void => {
  if (installed) return
  installed = true
  Object.defineProperty(crypto, "pseudoRandomBytes", { value: crypto.randomBytes, configurable: true, writable: true })
  const output = globalThis.console
  const warn = output.warn.bind(output)
  output.warn = (...words: ReadonlyArray<unknown>) => {
    const text = String(words[0])
    if (!UNTRUE.some((beginning) => text.includes(beginning))) warn(...words)
  }
}
