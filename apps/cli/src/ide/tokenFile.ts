/** A token as the files of the replaced system and of this one hold it (contracts.md §2.7): `tokens.access_token`, `access_token`, or alone. */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { FileRefused, readPlain } from "./safeFile.ts"

const Token = Schema.String.pipe(Schema.pattern(/^[\x21-\x7e]{1,16384}$/))
const TokenFile = Schema.parseJson(
  Schema.Union(
    Schema.Struct({ tokens: Schema.Struct({ access_token: Token }) }),
    Schema.Struct({ access_token: Token })
  )
)

const decode = Schema.decodeUnknownEither(TokenFile)
const isToken = Schema.is(Token)

export const tokenIn = (file: string): Effect.Effect<Redacted.Redacted, FileRefused, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const text = ((yield* readPlain(file)) ?? "").trim()
    const found = decode(text)
    if (Either.isRight(found)) {
      return Redacted.make("tokens" in found.right ? found.right.tokens.access_token : found.right.access_token)
    }
    if (isToken(text) && !text.startsWith("{")) return Redacted.make(text)
    return yield* new FileRefused({
      path: file,
      problem: "it holds no token: neither tokens.access_token nor access_token"
    })
  })
