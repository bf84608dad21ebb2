/**
 * What a client calls itself, as a person is shown it: one line of text that can be read, or the client's id. A name that shows nothing would
 * leave a question without a subject (S-03). Trusts no name as an identity; escaping is `html.ts`'s.
 */

interface Named {
  readonly clientId: string
  readonly clientName?: string | undefined
}

/** Turns the direction of text, or shows nothing. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu
const SPACES = /[\s\p{Cc}\p{Z}]+/gu
/** Marks without end would cover what is written beside the name. */
const PILED = /\p{M}{3,}/gu

export const shownName = ({ clientId, clientName = "" }: Named): string => {
  const name = clientName
    .replace(SPACES, " ")
    .replace(UNSEEN, "")
    .replace(PILED, (marks) => [...marks].slice(0, 2).join(""))
    .trim()
  return /[\p{L}\p{N}]/u.test(name) ? name : clientId
}
