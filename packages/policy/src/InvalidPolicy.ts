/** Why a policy text was not taken, as a plain `Error` for callers without Effect; services turn it into `PolicyError`. */

export class InvalidPolicy extends Error {
  override readonly name = "InvalidPolicy"
  /** File name, `text` or `rules`. */
  readonly source: string
  /** Where in the document, such as `mcp-servers-restricted/read[2].tools`; empty for the whole. */
  readonly field: string
  readonly problem: string
  constructor(source: string, field: string, problem: string) {
    super(`${source}${field === "" ? "" : `: ${field}`}: ${problem}`)
    this.source = source
    this.field = field
    this.problem = problem
  }
}
