/** What is learned about a request while it is answered, for the audit row. Holds no credential, code or token. */
export interface Note {
  /** What it was, such as `oauth:consent`. */
  rule: string
  decision: "allow" | "deny" | "none"
  username: string | undefined
  clientId: string | undefined
  /** Path of the one server it was for. */
  server: string | undefined
}

export const makeNote = (rule: string): Note => ({
  rule,
  decision: "none",
  username: undefined,
  clientId: undefined,
  server: undefined
})

interface HasState {
  readonly state: Record<PropertyKey, unknown>
}

const NOTE = Symbol("note")

/** The note of a request the provider answers; outside of one, a note nobody reads. */
export const noteOf = ({ state }: HasState): Note => {
  const held = state[NOTE]
  return isNote(held) ? held : makeNote("oauth")
}

export const attachNote = ({ state }: HasState, note: Note): void => {
  state[NOTE] = note
}

const isNote = (held: unknown): held is Note => typeof held === "object" && held !== null && "rule" in held
