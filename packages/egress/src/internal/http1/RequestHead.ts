/** The bytes of a request's head (RFC 9112 §3, §5). What could end a header early, or become another one, is refused. */
import { UpstreamFailure } from "../../Upstream.ts"

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** Written by the connection itself. */
const OWN: ReadonlySet<string> = new Set(["host", "content-length", "transfer-encoding", "connection"])

const known = new WeakMap<Readonly<Record<string, string>>, Buffer>()

/** Header lines, made once per object. */
export const headerLines = (headers: Readonly<Record<string, string>>): Buffer => {
  let lines = known.get(headers)
  if (lines === undefined) {
    let text = ""
    for (const [name, value] of Object.entries(headers)) {
      if (OWN.has(name)) continue
      if (!NAME.test(name) || !VALUE.test(value)) throw new UpstreamFailure("broken", `header ${name} can not be sent`)
      text += `${name}: ${value}\r\n`
    }
    lines = Buffer.from(text, "latin1")
    known.set(headers, lines)
  }
  return lines
}

/** Request line and `Host`. `url` as the URL parser wrote it: it can hold no space and no line end. */
export const requestLine = (method: string, url: URL): string =>
  `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`
