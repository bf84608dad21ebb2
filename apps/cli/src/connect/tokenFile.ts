/**
 * A token as the files of the replaced system and of this one hold it (contracts.md §2.7, §2.13): `tokens.access_token`, `access_token`, a line
 * `ACCESS_TOKEN=…`, or alone. The one reader of options that name such a file; repeats nothing of what it holds.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { type Failure, usage } from "../Failure.ts"
import { fileProblem } from "../fileProblem.ts"
import { typedPath } from "../ide/places.ts"
import { readPlain } from "../ide/safeFile.ts"

const Token = Schema.String.pipe(Schema.pattern(/^[\x21-\x7e]{1,16384}$/))
const decode = Schema.decodeUnknownEither(
  Schema.parseJson(
    Schema.Union(
      Schema.Struct({ tokens: Schema.Struct({ access_token: Token }) }),
      Schema.Struct({ access_token: Token })
    )
  )
)

/** An agent's env file has lines. */
const LINE = /^(?:export )?ACCESS_TOKEN=(["']?)([\x21\x23-\x26\x28-\x7e]{1,16384})\1\r?$/m

/** RFC 6750 §2.1 `b64token`; another variable's line is none. */
const ALONE = /^(?!\w*TOKEN=)[\w.~+/-]{1,16384}=*$/

/** As any header may hold it: visible ASCII on one line, and neither of the other shapes. */
const ANY_ALONE = /^(?!\{|(?:export )?ACCESS_TOKEN=)[\x21-\x7e](?:[\x20-\x7e]{0,16382}[\x21-\x7e])?$/

const tokenOf = (text: string, alone: RegExp): string | undefined => {
  const [, , variable] = LINE.exec(text) ?? []
  if (variable !== undefined) return variable
  if (alone.test(text)) return text
  const found = Either.getOrUndefined(decode(text))
  if (found === undefined) return undefined
  return "tokens" in found ? found.tokens.access_token : found.access_token
}

type Read = (file: string) => Effect.Effect<string | undefined, { readonly problem: string }, FileSystem.FileSystem>

const reading =
  (read: Read, name = "--token-file", alone = ALONE) =>
  (given: string): Effect.Effect<Redacted.Redacted, Failure, FileSystem.FileSystem> =>
    Effect.gen(function* () {
      const option = `${name} ${JSON.stringify(given)}`
      const text = yield* Effect.mapError(read(yield* typedPath(given)), ({ problem }) =>
        usage(`${option} can not be read: ${problem}`)
      )
      if (text === undefined) return yield* usage(`${option} can not be read: nothing is there`)
      const token = tokenOf(text.trim(), alone)
      if (token !== undefined) return Redacted.make(token)
      return yield* usage(
        `${option} holds no token`,
        "it may hold a token's text, or JSON with tokens.access_token or access_token, or a line ACCESS_TOKEN=…"
      )
    })

/** Of a plain file: what is read may be written into a client's configuration. */
export const tokenInPlain = reading(readPlain)

const readAny: Read = (file) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.mapError(fs.readFileString(file), (error) => ({ problem: fileProblem(error) }))
  )

/** Whatever the name leads to, also a mounted secret's link or a pipe: what is read is sent and kept nowhere. */
export const tokenIn = reading(readAny)

/** A credential of somebody else's, of whatever shape, in the file that `option` names. */
export const credentialIn = (option: string) => reading(readAny, option, ANY_ALONE)
