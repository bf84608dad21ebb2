/** Whose turn it is to check a server, and when the next is due. Pure. */
import type { Claim, Known } from "../HealthStore.ts"

/** Does what is known let this one check? */
export const isTurn = ({ latest, now, print, why }: Claim, known: Known | undefined): boolean => {
  if (known === undefined || known.print !== print || why === "asked") return true
  const time = why === "due" ? known.due : known.restUntil
  return time <= now || time > latest
}
