/** A reader of bytes, told apart from byte-oriented (BYOB) readers, which the runtime's types mix in. */
export interface BodyReader {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
  readonly cancel: (reason?: unknown) => Promise<void>
}

/** Locks `body` and reads it. */
export const readerOf = (body: ReadableStream<Uint8Array>): BodyReader => {
  const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>
  return { read: () => reader.read(), cancel: (reason) => reader.cancel(reason) }
}
