/** Reads a posted form. Bounded: the edge has judged its length already. */
import type { IncomingMessage } from "node:http"

const LIMIT = 16_384

export const formOf = async (request: IncomingMessage): Promise<URLSearchParams> => {
  const parts: Array<Buffer> = []
  let size = 0
  for await (const part of request) {
    size += part.length
    if (size > LIMIT) throw new Error("the form is larger than any of ours")
    parts.push(part)
  }
  return new URLSearchParams(Buffer.concat(parts).toString("utf8"))
}
