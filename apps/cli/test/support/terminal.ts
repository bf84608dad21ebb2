/** A program in a terminal of its own: what it shows, and keys for it. Bun's own pseudo-terminals, which POSIX systems have. */

export const KEYS = { down: "\u001b[B", space: " ", enter: "\r", interrupt: "\u0003" } as const

export interface InTerminal {
  /** Resolves when what it showed so far matches; rejects after ten seconds with what it showed. */
  readonly shows: (pattern: RegExp) => Promise<void>
  readonly type: (keys: string) => void
  readonly text: () => string
  readonly ended: Promise<number>
}

export const inTerminal = (
  command: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>,
  cwd: string
): InTerminal => {
  let text = ""
  let seen = (): void => {}
  const decoder = new TextDecoder()
  const running = Bun.spawn([...command], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", TERM: "xterm-256color", ...env },
    terminal: {
      cols: 120,
      rows: 40,
      data: (_, bytes) => {
        text += decoder.decode(bytes, { stream: true })
        seen()
      }
    }
  })
  const shows = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`never shown: ${pattern}, but ${JSON.stringify(text)}`)), 10_000)
      seen = () => {
        if (!pattern.test(text)) return
        clearTimeout(late)
        resolve()
      }
      seen()
    })
  return {
    shows,
    type: (keys) => void running.terminal?.write(keys),
    text: () => text,
    ended: running.exited
  }
}
