/** The call that is measured: a small legacy `tools/call`, its argument another one each time, so that no cache can answer. */

export const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream"
}

/** Around the argument's digits. */
export const BODY_HEAD =
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"call '
export const BODY_TAIL = '"}}}'

/** Digits of the argument; a body's length never changes. */
export const DIGITS = 9

export const bodyOf = (n: number): string => BODY_HEAD + String(n).padStart(DIGITS, "0") + BODY_TAIL

/** The same call of another tool. */
export const bodyOfTool = (tool: string): string => bodyOf(0).replace('"name":"echo"', `"name":"${tool}"`)
