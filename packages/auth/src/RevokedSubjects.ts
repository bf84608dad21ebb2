/**
 * Up to which moment everything of a subject is dead: the table behind every layer of `Revocations`. Two look-ups and no allocation per
 * question; never forgets, and never moves a moment back.
 */
export class RevokedSubjects {
  /** Issuer, then subject, then epoch seconds. Two maps, because a joined key would be made anew for each request. */
  private readonly issuers = new Map<string, Map<string, number>>()

  has(issuer: string, subject: string, issuedAt: number | undefined): boolean {
    const before = this.issuers.get(issuer)?.get(subject)
    // Written so that NaN and an unknown time count as old.
    return before !== undefined && !(issuedAt !== undefined && issuedAt > before)
  }

  /** Gives the moment that holds from now on. */
  revoke(issuer: string, subject: string, before: number): number {
    const subjects = this.issuers.get(issuer) ?? new Map<string, number>()
    const latest = Math.max(before, subjects.get(subject) ?? before)
    this.issuers.set(issuer, subjects.set(subject, latest))
    return latest
  }
}
