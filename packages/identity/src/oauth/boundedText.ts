/** A request's body as text, bounded in size and time: a body that never ends would hold its connection for ever (S-16). Never rejects. */

export type Unread = "too-large" | "too-slow" | "broken"

/** `most` bytes within `millis`; what came beyond them is not read. */
export const boundedText = async (
  { body }: Pick<Request, "body">,
  most: number,
  millis: number
): Promise<{ readonly text: string } | Unread> => {
  const reader = body?.getReader()
  if (reader === undefined) return { text: "" }
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<Unread>((resolve) => {
    timer = setTimeout(() => resolve("too-slow"), millis)
  })
  const outcome = await Promise.race([readAll(reader, most), late])
  clearTimeout(timer)
  if (typeof outcome === "string") void reader.cancel().catch(() => undefined)
  return outcome
}

interface Reader {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
}

const readAll = async (reader: Reader, most: number): Promise<{ readonly text: string } | Unread> => {
  const parts: Array<Uint8Array> = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || value === undefined) return { text: Buffer.concat(parts).toString("utf8") }
      size += value.byteLength
      if (size > most) return "too-large"
      parts.push(value)
    }
  } catch {
    // The client left, or its chunks were no chunks.
    return "broken"
  }
}
