/** The credential that another registry wants, out of a file. Goes to the gateway alone, which keeps it sealed; never printed. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { guardCredential } from "../connect/plainHttp.ts"
import { readToken, Session, textOf } from "../connect/Session.ts"
import { usage } from "../Failure.ts"

const OPTION = "--from-token-file"

/** As it is sent: visible ASCII on one line. */
const isCredential = (text: string): boolean => /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text)

interface Words {
  readonly fromTokenFile: Option.Option<string>
  readonly fromHeader: Option.Option<string>
}

const credentialIn = (file: string) =>
  Effect.gen(function* () {
    const text = yield* textOf(file, OPTION)
    if (text === "") return yield* usage(`${OPTION} ${JSON.stringify(file)} is empty`)
    const isItself = isCredential(text) && !/^(?:\{|(?:export )?ACCESS_TOKEN=)/.test(text)
    return isItself ? text : yield* readToken(text, `${OPTION} ${JSON.stringify(file)}`)
  })

/** Fields of the request; none when no file is named. */
export const sourceCredential = ({ fromHeader, fromTokenFile }: Words) =>
  Effect.gen(function* () {
    if (Option.isNone(fromTokenFile)) {
      return Option.isNone(fromHeader) ? {} : yield* usage(`--from-header names where a token goes: add ${OPTION}`)
    }
    yield* guardCredential((yield* Session).url, "the registry's token")
    return {
      auth_credential: yield* credentialIn(fromTokenFile.value),
      ...(Option.isSome(fromHeader) ? { auth_header_name: fromHeader.value } : {})
    }
  })
