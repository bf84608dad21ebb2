/** The files of an import as they are sent: JSON or multipart. Reads and names them; judges none. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { BadRequest, fieldProblem, problem, type TooLarge } from "@mcpgw/api/ApiError"
import { ImportBody, ScopesMode } from "@mcpgw/api/Import"
import type { ServerFile } from "@mcpgw/registry/Import"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { bytesOf, decodeWith, isFields } from "./body.ts"
import { isMultipart, partsOf } from "./form.ts"
import { MAX_IMPORT_BYTES } from "./routes.ts"

/** Most server files in one import. */
const MAX_FILES = 20_000

export interface Sent {
  readonly files: ReadonlyArray<ServerFile>
  readonly state: Readonly<Record<string, boolean>> | undefined
  readonly scopes: string | undefined
  /** How that is put in force; absent: it is told about. */
  readonly mode: ScopesMode | undefined
  readonly dryRun: boolean
  readonly notes: ReadonlyArray<string>
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const decodeBody = decodeWith(ImportBody)

const filesOf = (servers: typeof ImportBody.Type.servers): ReadonlyArray<ServerFile> =>
  Array.isArray(servers)
    ? servers.map((content: unknown, i) => ({ name: `servers.${i}`, content }))
    : Object.entries(servers).map(([name, content]) => ({ name, content }))

const fromJson = (text: string): Effect.Effect<Sent, BadRequest> =>
  Effect.gen(function* () {
    const value = parsed(text)
    if (value === undefined) return yield* new BadRequest(problem("Invalid JSON in request body"))
    const body = Array.isArray(value) ? { servers: value } : value
    if (!isFields(body)) return yield* new BadRequest(problem("The body must be a list of servers or an object"))
    const {
      apply_scopes: mode,
      dry_run: dryRun = false,
      scopes,
      server_state: state,
      servers
    } = yield* decodeBody(body)
    return { files: filesOf(servers), state, scopes, mode, dryRun, notes: [] }
  })

const isState = (value: unknown): value is Readonly<Record<string, boolean>> =>
  isFields(value) && Object.values(value).every((on) => typeof on === "boolean")

const badState = new BadRequest(problem("server_state.json must hold one object from path to true or false"))

const isMode = Schema.is(ScopesMode)

const modeOf = (word: string): Effect.Effect<ScopesMode, BadRequest> =>
  isMode(word)
    ? Effect.succeed(word)
    : new BadRequest(
        fieldProblem(
          "apply_scopes",
          JSON.stringify(word.slice(0, 60)),
          `it may hold ${ScopesMode.literals.join(" or ")}`
        )
      )

const noScopes = (mode: ScopesMode) =>
  new BadRequest(fieldProblem("apply_scopes", JSON.stringify(mode), "there is no scopes.yml here to put in force"))

const textOf = (part: File | string): Promise<string> =>
  typeof part === "string" ? Promise.resolve(part) : part.text()

const baseName = (name: string): string => name.split("/").at(-1) ?? name

/** Files of the replaced system's folder that hold nothing that is not made anew here. */
const IGNORED = /^service_index(?:_metadata\.json|\.faiss)$/

const fromForm = (request: HttpServerRequest.HttpServerRequest, bytes: Buffer): Effect.Effect<Sent, BadRequest> =>
  Effect.gen(function* () {
    const files: Array<ServerFile> = []
    const notes: Array<string> = []
    let state: Sent["state"]
    let scopes: string | undefined
    let mode: ScopesMode | undefined
    let dryRun = false
    for (const [field, part] of yield* partsOf(request, bytes)) {
      const name = typeof part === "string" ? field : part.name
      const text = yield* Effect.promise(() => textOf(part))
      if (baseName(name) === "server_state.json" || name === "server_state") {
        const value = parsed(text)
        if (!isState(value)) return yield* badState
        state = value
      } else if (/^scopes\.ya?ml$/.test(baseName(name)) || name === "scopes") scopes = text
      else if (name === "apply_scopes") mode = yield* modeOf(text.trim())
      else if (name === "dry_run") dryRun = /^(true|on|1|yes)$/i.test(text.trim())
      else if (IGNORED.test(baseName(name))) notes.push(`${name} is not needed: the search index is made anew here`)
      else files.push({ name, content: parsed(text) })
    }
    return { files, state, scopes, mode, dryRun, notes }
  })

export const sentOf = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<Sent, BadRequest | TooLarge> =>
  Effect.gen(function* () {
    const bytes = yield* bytesOf(request, MAX_IMPORT_BYTES)
    const sent = yield* isMultipart(request) ? fromForm(request, bytes) : fromJson(bytes.toString("utf8"))
    if (sent.mode !== undefined && sent.scopes === undefined) return yield* noScopes(sent.mode)
    if (sent.files.length > MAX_FILES) {
      return yield* new BadRequest(problem(`More than ${MAX_FILES} server files: send them in several imports`))
    }
    return sent
  })
