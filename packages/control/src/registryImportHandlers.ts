/** Imports from other registries, for administrators: they choose which address this process asks. What an import does is `Imports`'. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Api } from "@mcpgw/api/Api"
import {
  BadRequest,
  Conflict,
  fieldProblem,
  fieldProblems,
  Forbidden,
  NotFound,
  problem,
  Unavailable
} from "@mcpgw/api/ApiError"
import { type RegistryImport, RegistryImportFields } from "@mcpgw/api/RegistryImports"
import type { ImportJob, ImportRequest } from "@mcpgw/registry/import/ImportJob"
import type { ImportChanged, ImportNotFound, InvalidImport } from "@mcpgw/registry/import/ImportError"
import { Imports } from "@mcpgw/registry/import/Imports"
import { sourceBase } from "@mcpgw/registry/import/Source"
import type { StoreUnavailable } from "@mcpgw/registry/RegistryError"
import { Vault } from "@mcpgw/vault/Vault"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Struct from "effect/Struct"
import { caller } from "./access.ts"
import { decodeOnly, type Fields, fieldsOf, show } from "./body.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { readmitted } from "./received.ts"
import { invalidSecret, vaultDown } from "./serverSecrets.ts"
import { mayCarrySecret, READABLE, sealedFor } from "./sourceCredential.ts"
import { discard } from "./vaultWrites.ts"

const USUAL_INTERVAL_SECONDS = 3_600
const ITEMS_AT_ONCE = 1_000

const notAdmin = new Forbidden(problem("Only administrators import from other registries"))

const administrator = (rule: string) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = rule
    const who = yield* caller
    if (!who.isAdmin) return yield* notAdmin
    trail.decision = "allow"
    return who
  })

/** What an id may be for the audit record to repeat it. */
const ID = /^[A-Za-z0-9-]{1,64}$/

/** What the audit record says of a change, and of which import. */
const note = (rule: string, id: string | undefined) =>
  Effect.map(RequestTrail, (trail) => {
    trail.rule = id !== undefined && ID.test(id) ? `${rule}:${id}` : rule
  })

/** What is begun, and whether a new credential comes with it. */
const ruleOf = ({ auth_credential: credential, resume }: RegistryImportFields): string =>
  `api:${resume === true ? "resume_import" : "import_registry"}${credential === undefined ? "" : "_with_credential"}`

const view = ({ progress, request, ...job }: ImportJob): RegistryImport => ({
  id: job.id,
  from: request.from,
  state: job.state,
  dry_run: request.dryRun ?? false,
  enable: request.enable ?? false,
  // Older versions left its name with what is over; it is swept.
  has_credential: request.credential !== undefined && job.state !== "finished",
  interval_seconds: request.everySeconds ?? null,
  pages: progress.pages,
  seen: progress.seen,
  created: progress.created,
  updated: progress.updated,
  unchanged: progress.unchanged,
  removed: progress.removed,
  skipped: progress.skipped,
  refused: progress.refused,
  problem: progress.problem,
  started_at: progress.startedAt,
  finished_at: progress.finishedAt,
  next_at: job.nextAt,
  created_at: job.createdAt,
  created_by: job.createdBy,
  resumed_by: job.resumedBy
})

/** Fields of the request by their names on the wire. */
const WIRE: Readonly<Record<string, string>> = { everySeconds: "interval_seconds", dryRun: "dry_run" }

const refusal = (failure: ImportNotFound | StoreUnavailable): NotFound | Unavailable =>
  failure._tag === "ImportNotFound"
    ? new NotFound(problem(failure.message))
    : new Unavailable(problem("The store can not be reached; nothing was changed"))
const changed = ({ message }: ImportChanged): Conflict => new Conflict(problem(message))

/** A query may be a key. */
const heldBy = (name: string, value: unknown): string =>
  show(name, typeof value === "string" ? value.replace(/[?#][^]*$/, "?(hidden)") : value)

/** What of the request can not be done, by its name there and with what it held. */
const invalid =
  (fields: Fields) =>
  ({ field, problem: what }: InvalidImport): BadRequest => {
    const name = WIRE[field] ?? field
    return new BadRequest(fieldProblem(name, heldBy(name, fields[name]), `it ${what}`))
  }

const NAMES = Struct.keys(RegistryImportFields.fields)
const decode = decodeOnly(RegistryImportFields, NAMES)

/** What a resumed import may be given; all else was asked when it began. */
const OF_A_RESUMED: ReadonlySet<string> = new Set([
  "from",
  "resume",
  "auth_credential",
  "auth_scheme",
  "auth_header_name"
])
const ASKED_BEFORE = "with resume it must be left out: it goes on with what was asked for when it began"

/** Dropped in silence, what goes with a new import would let a resumed one do what its sender asked not to have done. */
const heeded = (fields: RegistryImportFields) => {
  const [first, ...others] = NAMES.filter((name) => !OF_A_RESUMED.has(name) && fields[name] !== undefined).map(
    (field) => ({ field, held: show(field, fields[field]), expected: ASKED_BEFORE })
  )
  return first === undefined || fields.resume !== true
    ? Effect.succeed(fields)
    : Effect.fail(new BadRequest(fieldProblems(first, ...others)))
}

const asked = (fields: RegistryImportFields): ImportRequest => ({
  from: fields.from,
  ...(fields.names === undefined ? {} : { names: fields.names }),
  ...(fields.enable === undefined ? {} : { enable: fields.enable }),
  ...(fields.dry_run === undefined ? {} : { dryRun: fields.dry_run }),
  ...(fields.mirror === true ? { everySeconds: fields.interval_seconds ?? USUAL_INTERVAL_SECONDS } : {}),
  ...(fields.variables === undefined ? {} : { variables: fields.variables })
})

/** Seals the credential of the request, and says under which name; undefined: there is none. */
const sealed = (fields: RegistryImportFields) =>
  Effect.gen(function* () {
    const base = sourceBase(fields.from)
    // It is refused with the rest.
    if (Either.isLeft(base)) return undefined
    const { allowedUpstreams } = yield* ControlPlaneConfig
    if (fields.auth_credential !== undefined && !mayCarrySecret(allowedUpstreams, base.right)) {
      return yield* new BadRequest(fieldProblem("from", heldBy("from", fields.from), READABLE))
    }
    return yield* sealedFor(base.right, fields)
  }).pipe(Effect.catchTags({ InvalidSecret: invalidSecret, VaultUnavailable: vaultDown }))

const begin = (fields: RegistryImportFields, by: string) =>
  Effect.gen(function* () {
    const imports = yield* Imports
    const vault = yield* Vault
    const ref = yield* sealed(fields)
    const asking =
      fields.resume === true
        ? Effect.tap(imports.resume(fields.from, by, ref), ({ dropped }) => discard(vault, dropped))
        : imports.start({ ...asked(fields), ...(ref === undefined ? {} : { credential: ref }) }, by)
    return yield* Effect.tapErrorCause(asking, () => discard(vault, ref)).pipe(
      Effect.catchTag("InvalidImport", invalid(fields)),
      Effect.catchTags({ ImportChanged: changed, ImportNotFound: refusal, StoreUnavailable: refusal })
    )
  })

const start = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.gen(function* () {
    const { claims } = yield* administrator("api:import_registry")
    const fields = yield* fieldsOf(request).pipe(Effect.flatMap(decode), Effect.flatMap(heeded))
    const rule = ruleOf(fields)
    yield* note(rule, undefined)
    const job = yield* begin(fields, claims.username)
    yield* note(rule, job.id)
    return HttpServerResponse.unsafeJson(view(job), { status: 202 })
  })

const list = Effect.gen(function* () {
  yield* administrator("api:import_registry")
  const jobs = yield* Effect.mapError((yield* Imports).all, refusal)
  return { imports: jobs.map(view) }
})

const get = (id: string, after: number) =>
  Effect.gen(function* () {
    yield* administrator("api:import_registry")
    const imports = yield* Imports
    const job = yield* Effect.mapError(imports.get(id), refusal)
    const items = yield* Effect.mapError(imports.items(id, after, ITEMS_AT_ONCE), refusal)
    return { ...view(job), items, next: after + items.length }
  })

const cancel = (id: string) =>
  Effect.gen(function* () {
    yield* administrator("api:cancel_import")
    yield* note("api:cancel_import", id)
    const imports = yield* Imports
    const job = yield* Effect.catchTags(imports.cancel(id), {
      ImportChanged: changed,
      ImportNotFound: refusal,
      StoreUnavailable: refusal
    })
    yield* discard(yield* Vault, job.dropped)
    return view(job)
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "registryImports", (handlers) =>
  handlers
    .handleRaw("start", ({ request }) => readmitted(request, start(request)), whole)
    .handle("list", () => list)
    .handle("get", ({ path, urlParams }) => get(path.id, urlParams.after ?? 0))
    .handle("cancel", ({ path }) => cancel(path.id), whole)
)
