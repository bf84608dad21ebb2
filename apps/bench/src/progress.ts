/** Says on standard error what is being done, on one line that is written over. */
import * as Effect from "effect/Effect"

export type Progress = (doing: string) => Effect.Effect<void>

const CLEAR = "\r\u001b[2K"

/** Silent unless somebody looks at a terminal. */
export const onTerminal: Progress = (doing) =>
  Effect.sync(() => {
    if (process.stderr.isTTY) process.stderr.write(doing === "" ? CLEAR : `${CLEAR}  ${doing} …`)
  })
