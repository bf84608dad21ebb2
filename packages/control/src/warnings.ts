/** What an answer adds when something was taken that has no effect as things are. Refuses nothing. */

/** Sentences in one answer; the rest is counted. */
const MOST = 20

export const warningsOf = (found: ReadonlyArray<string>): { readonly warnings?: ReadonlyArray<string> } =>
  found.length === 0
    ? {}
    : { warnings: found.length <= MOST ? found : [...found.slice(0, MOST), `and ${found.length - MOST} more`] }
