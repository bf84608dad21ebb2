/** Rewrites the two IDE files from what is in the folder now. Reads tokens and server files; changes no token. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { ROO_FILE } from "@mcpgw/ide/Replaced"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { guardCredential, isPrivateWay } from "../connect/plainHttp.ts"
import { typedPath } from "../ide/places.ts"
import type { Folder } from "./folder.ts"
import { type EgressOf, type FreeServer, ideFiles } from "./ideFiles.ts"
import { agentTokenFile, INGRESS, serverOf, tokenFileOf } from "./names.ts"
import { registryUrl } from "./settings.ts"
import type { Stored } from "./shapes.ts"

/** Stands for asking the registry instead of a folder. */
const REGISTRY = "registry"

const ASSISTANT = agentTokenFile("ai-coding-assistant")

const Server = Schema.Struct({
  path: Schema.String.pipe(Schema.pattern(/^\/[\w.~/-]+$/)),
  auth_type: Schema.optional(Schema.NullOr(Schema.String)),
  supported_transports: Schema.optional(Schema.NullOr(Schema.Array(Schema.String)))
})
const decodeServer = Schema.decodeUnknown(Schema.parseJson(Server))
const decodeServers = Schema.decodeUnknown(Schema.parseJson(Schema.Record({ key: Schema.String, value: Server })))

const freeOf = ({ path, supported_transports: transports }: typeof Server.Type): FreeServer => ({
  path,
  transport: transports?.[0] ?? "streamable-http"
})

/** What the owner of the ingress token may see, of servers that need none of their own; undefined, with a line, when it can not be had. */
const registryServers = (url: string, ingress: Stored | undefined) =>
  guardCredential(url, "the gateway's token").pipe(
    Effect.zipRight(
      Effect.tryPromise(async (signal) => {
        const headers = { authorization: `Bearer ${ingress?.access_token ?? ""}`, accept: "application/json" }
        const response = await fetch(`${url}/api/server_details/all`, { headers, redirect: "error", signal })
        return response.ok ? response.text() : Promise.reject(new Error(`status ${response.status}`))
      })
    ),
    Effect.timeout("15 seconds"),
    Effect.flatMap(decodeServers),
    Effect.map((all) =>
      Object.values(all)
        .filter(({ auth_type: type = "none" }) => type === "none")
        .map(freeOf)
    ),
    Effect.tapError((problem) =>
      Console.error(
        problem._tag === "CliFailure"
          ? `warning: ${problem.message}`
          : `warning: ${url} did not list its servers; of those without a token the IDE files have what they had`
      )
    ),
    Effect.orElseSucceed((): ReadonlyArray<FreeServer> | undefined => undefined)
  )

const Known = Schema.Struct({
  mcpServers: Schema.Record({
    key: Schema.String,
    value: Schema.Struct({ type: Schema.String, headers: Schema.Record({ key: Schema.String, value: Schema.String }) })
  })
})
const decodeKnown = Schema.decodeUnknown(Schema.parseJson(Known))

/** Those the file has from before: a registry that does not answer takes nobody's entries away. */
const before = (folder: Folder): Effect.Effect<ReadonlyArray<FreeServer>> =>
  Effect.flatMap(folder.text(ROO_FILE), (text) => decodeKnown(text ?? "")).pipe(
    Effect.map(({ mcpServers }) =>
      Object.entries(mcpServers)
        .filter(([, { headers }]) => headers["Authorization"] === undefined)
        .map(([key, { type }]): FreeServer => ({ path: `/${key}`, transport: type }))
    ),
    Effect.orElseSucceed((): ReadonlyArray<FreeServer> => [])
  )

/** Servers of the replaced system's files with `auth_type: none`; files that say something else are passed over. */
const freeServers = (folder: string | undefined) =>
  Effect.gen(function* () {
    if (folder === undefined) return []
    const [fs, path] = [yield* FileSystem.FileSystem, yield* Path.Path]
    const at = yield* typedPath(folder)
    const names = yield* Effect.orElseSucceed(fs.readDirectory(at), (): Array<string> => [])
    const found = yield* Effect.forEach(names.filter((name) => name.endsWith(".json")).toSorted(), (name) =>
      Effect.option(Effect.flatMap(fs.readFileString(path.join(at, name)), decodeServer))
    )
    return found.flatMap((one): ReadonlyArray<FreeServer> =>
      one._tag === "None" || one.value.auth_type !== "none" ? [] : [freeOf(one.value)]
    )
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
    const [url, ingress] = [yield* registryUrl, yield* known(folder, INGRESS)]
    if (!isPrivateWay(url))
      yield* Console.error(`warning: ${url} is not encrypted; clients send these tokens readable, set REGISTRY_URL`)
    const files = ideFiles({
      registryUrl: url,
      ingress,
      assistant: yield* known(folder, ASSISTANT),
      egress: yield* egressIn(folder, names),
      free:
        servers === REGISTRY
          ? ((yield* registryServers(url, ingress)) ?? (yield* before(folder)))
          : yield* freeServers(servers)
    })
    yield* Effect.forEach(files, ([name, text]) => folder.write(name, text), { discard: true })
    return files.map(([name]) => name)
  })
