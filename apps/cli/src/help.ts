/**
 * What a command's help says: one sentence, and an example each. One text, because the parser shows that alone in lists of commands;
 * `plainConsole.ts` takes it apart again.
 */

/** What stands before an example. */
export const EXAMPLE = " Example: mcpgw "

/** `examples`: whole command lines; more than one where there are two ways. */
export const about = (sentence: string, ...examples: ReadonlyArray<string>): string =>
  [sentence, ...examples].join(EXAMPLE)
