/**
 * Client credentials as files: one JSON file per client (contracts.md §2.13) and the gateway's settings. The folder is 0700, the files
 * 0600 and whole at any time. A folder that others can read is refused rather than closed: it may have a reason.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type { ClientCredential } from "@mcpgw/identity/keycloak/ClientCredentials"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { settingsOf, type Where } from "./show.ts"

export class CannotSave extends Schema.TaggedError<CannotSave>()("CannotSave", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `credentials can not be saved in ${JSON.stringify(this.path)}: ${this.problem}`
  }
}

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** Answers the names of the files. */
export const saveCredentials = (
  folder: string,
  where: Where,
  credentials: ReadonlyArray<ClientCredential>
): Effect.Effect<ReadonlyArray<string>, CannotSave, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* fs.makeDirectory(folder, { recursive: true, mode: FOLDER_MODE })
    const { mode } = yield* fs.stat(folder)
    if ((mode & 0o077) !== 0) {
      return yield* new CannotSave({
        path: folder,
        problem: "others can open that folder; chmod 700 it or name another"
      })
    }
    const files = [
      ...credentials.map((credential) => [`${credential.clientId}.json`, fileOf(where, credential)] as const),
      ["keycloak.env", settingsOf(where, credentials)] as const
    ]
    for (const [name, text] of files) {
      const part = path.join(folder, `.${name}.${crypto.randomUUID()}`)
      yield* fs.writeFileString(part, text, { flag: "wx", mode: FILE_MODE })
      yield* fs.rename(part, path.join(folder, name))
    }
    return files.map(([name]) => path.join(folder, name))
  }).pipe(
    Effect.catchTags({
      SystemError: ({ reason }) => new CannotSave({ path: folder, problem: reason }),
      BadArgument: ({ description }) =>
        new CannotSave({ path: folder, problem: description ?? "the name is not usable" })
    })
  )

const fileOf = ({ url, realm }: Where, { clientId, secret }: ClientCredential): string =>
  `${JSON.stringify({ client_id: clientId, client_secret: Redacted.value(secret), keycloak_url: url, realm }, null, 2)}\n`
