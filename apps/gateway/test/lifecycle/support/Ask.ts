/** One JSON-RPC question over `fetch`, as an ordinary client asks it. For tests only. */

export interface Told {
  readonly status: number
  readonly headers: Headers
  /** The JSON-RPC message, or undefined for any other body. */
  readonly message: Answer | undefined
  readonly text: string
}

export interface Answer {
  readonly id?: string | number | null
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly code: number; readonly message: string }
}

export interface Question {
  readonly url: string
  readonly token: string
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

/** tools/call of `echo` unless told otherwise. */
export const ask = async ({
  url,
  token,
  method = "tools/call",
  params = { name: "echo" },
  headers = {}
}: Question): Promise<Told> => {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, message: messageOf(text), text }
}

const messageOf = (text: string): Answer | undefined => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Polls `look` until it holds; fails with `what` after `ms`. */
export const eventually = async (what: string, look: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> => {
  const deadline = Date.now() + ms
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await Bun.sleep(20)
  }
}
