/** What the launcher says. On stderr, so that the output of what it runs stays as it is. */

/** @param {string} text one line, or a few */
export const note = (text) => {
  process.stderr.write(`mcpgw: ${text}\n`)
}

/** A reason not to go on that its reader can act upon; anything else thrown is a defect. */
export class Problem extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
