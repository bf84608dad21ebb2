/** Rewrites the two IDE files from what is in the folder now. Reads tokens and server files; changes no token. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Folder } from "./folder.ts"
import { type EgressOf, type FreeServer, ideFiles } from "./ideFiles.ts"
import { agentTokenFile, INGRESS, serverOf, tokenFileOf } from "./names.ts"
import { registryUrl } from "./settings.ts"
import type { Stored } from "./shapes.ts"

const ASSISTANT = agentTokenFile("ai-coding-assistant")

const ServerFile = Schema.parseJson(
  Schema.Struct({
    path: Schema.String.pipe(Schema.pattern(/^\/[\w.~/-]+$/)),
    auth_type: Schema.optional(Schema.NullOr(Schema.String)),
    supported_transports: Schema.optional(Schema.NullOr(Schema.Array(Schema.String)))
  })
)
const decodeServer = Schema.decodeUnknown(ServerFile)

/** Servers of the replaced system's files with `auth_type: none`; files that say something else are passed over. */
const freeServers = (folder: string | undefined) =>
  Effect.gen(function* () {
    if (folder === undefined) return []
    const [fs, path] = [yield* FileSystem.FileSystem, yield* Path.Path]
    const names = yield* Effect.orElseSucceed(fs.readDirectory(folder), (): Array<string> => [])
    const found = yield* Effect.forEach(names.filter((name) => name.endsWith(".json")).toSorted(), (name) =>
      Effect.option(Effect.flatMap(fs.readFileString(path.join(folder, name)), decodeServer))
    )
    return found.flatMap((one): ReadonlyArray<FreeServer> => {
      if (one._tag === "None" || one.value.auth_type !== "none") return []
      return [{ path: one.value.path, transport: one.value.supported_transports?.[0] ?? "streamable-http" }]
    })
  })

const known = (folder: Folder, name: string): Effect.Effect<Stored | undefined> =>
  Effect.orElseSucceed(folder.token(name), () => undefined)

const egressIn = (folder: Folder, names: ReadonlyArray<string>) =>
  Effect.map(
    Effect.forEach(names, (name) => Effect.map(known(folder, name), (token) => ({ name, token }))),
    (all) =>
      all.flatMap(({ name, token }): ReadonlyArray<EgressOf> => {
        const file = tokenFileOf(name)
        if (file?.kind !== "egress" || token === undefined) return []
        const provider = token.provider ?? file.stem
        return [{ provider, server: serverOf(file.stem, provider), token }]
      })
  )

export const writeIdeFiles = (folder: Folder, servers: string | undefined) =>
  Effect.gen(function* () {
    const names = yield* folder.names
    const files = ideFiles({
      registryUrl: yield* registryUrl,
      ingress: yield* known(folder, INGRESS),
      assistant: yield* known(folder, ASSISTANT),
      egress: yield* egressIn(folder, names),
      free: yield* freeServers(servers)
    })
    yield* Effect.forEach(files, ([name, text]) => folder.write(name, text), { discard: true })
    return files.map(([name]) => name)
  })
