/** Bounds the audit rows that callers nobody knows can cause. Counts what it turns away. */

/** Rows a second for callers nobody knows: beyond it they are counted, so that a flood can not fill the disk. */
const STRANGER_ROWS = 100

export class StrangerRows {
  turnedAway = 0
  private second = 0
  private written = 0

  /** May this refusal, at epoch milliseconds `at`, have a row? */
  admit(at: number): boolean {
    const second = Math.floor(at / 1000)
    if (second !== this.second) {
      this.second = second
      this.written = 0
    }
    if (this.written < STRANGER_ROWS) {
      this.written++
      return true
    }
    this.turnedAway++
    return false
  }
}
