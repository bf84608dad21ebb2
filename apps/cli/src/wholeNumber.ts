/** Whole numbers on the command line: what is none is told with the option's name, what it held and what it may hold. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Effect from "effect/Effect"

/** Reads the text of `name`, such as `--every`. `may`: what it may hold, in words. */
export const wholeNumber =
  (name: string, least: number, most: number, may: string) =>
  (text: string): Effect.Effect<number, ValidationError.ValidationError> => {
    const held = text.trim()
    const value = /^-?\d{1,15}$/.test(held) ? Number(held) : Number.NaN
    if (value >= least && value <= most) return Effect.succeed(value)
    const says = `${name} held ${JSON.stringify(text.slice(0, 200))}; it may hold ${may}`
    return Effect.fail(ValidationError.invalidValue(HelpDoc.p(says)))
  }
