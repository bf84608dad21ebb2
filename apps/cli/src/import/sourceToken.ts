/** The credential that another registry wants, out of a file. Goes to the gateway alone, which keeps it sealed; never printed. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { guardCredential } from "../connect/plainHttp.ts"
import { Session } from "../connect/Session.ts"
import { credentialIn } from "../connect/tokenFile.ts"
import { usage } from "../Failure.ts"

const OPTION = "--from-token-file"

interface Words {
  readonly fromTokenFile: Option.Option<string>
  readonly fromHeader: Option.Option<string>
}

/** Fields of the request; none when no file is named. */
export const sourceCredential = ({ fromHeader, fromTokenFile }: Words) =>
  Effect.gen(function* () {
    if (Option.isNone(fromTokenFile)) {
      return Option.isNone(fromHeader) ? {} : yield* usage(`--from-header names where a token goes: add ${OPTION}`)
    }
    yield* guardCredential((yield* Session).url, "the registry's token")
    return {
      auth_credential: Redacted.value(yield* credentialIn(OPTION)(fromTokenFile.value)),
      ...(Option.isSome(fromHeader) ? { auth_header_name: fromHeader.value } : {})
    }
  })
