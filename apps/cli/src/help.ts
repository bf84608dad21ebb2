/** What a command's help says: one sentence, more where it needs it, and an example each. Texts only. */
import * as HelpDoc from "@effect/cli/HelpDoc"

/** `example`: a whole command line; more than one where there are two ways. */
export const about = (sentence: string, ...examples: ReadonlyArray<string>): HelpDoc.HelpDoc =>
  examples.reduce(
    (doc, example) => HelpDoc.sequence(doc, HelpDoc.p(`Example: mcpgw ${example}`)),
    HelpDoc.p(sentence)
  )
