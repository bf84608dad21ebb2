/** Credentials of servers on the API: who may modify a server sets them, and nobody is shown one. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import { CredentialFields, type CredentialView } from "@mcpgw/api/ServerCredentials"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { Registry } from "@mcpgw/registry/Registry"
import { DEFAULT_API_KEY_HEADER } from "@mcpgw/vault/ServerSecrets"
import { Vault, type VaultApi } from "@mcpgw/vault/Vault"
import * as Effect from "effect/Effect"
import { authorize, caller, findServer } from "./access.ts"
import { decodeOnly, formFieldsOf } from "./body.ts"
import type { Given } from "./secretPlan.ts"
import { invalidSecret, vaultDown } from "./serverSecrets.ts"
import { inTurn } from "./serverWrites.ts"
import { failures, invalid } from "./storeFailures.ts"
import { withSecrets } from "./vaultWrites.ts"
import { readmitted } from "./received.ts"

const decode = decodeOnly(CredentialFields, Object.keys(CredentialFields.fields))

const viewOf = ({ storedFor }: VaultApi, record: ServerRecord): CredentialView => ({
  service_path: record.path,
  auth_scheme: record.auth_scheme ?? null,
  auth_header_name: record.auth_header_name ?? (record.auth_scheme === "api_key" ? DEFAULT_API_KEY_HEADER : null),
  has_credential: record.credential_set_at !== undefined,
  credential_set_at: record.credential_set_at ?? null,
  header_names: record.headers.flatMap((header) => Object.keys(header)),
  problem: storedFor(record).problem ?? null
})

/** The server, for someone who may modify it. */
const modifiable = (path: string) =>
  Effect.gen(function* () {
    const who = yield* caller
    const { record } = yield* findServer(who, path)
    yield* authorize(who, "modify_service", record)
    return { who, record }
  })

const show = (path: string) =>
  Effect.gen(function* () {
    const { record } = yield* modifiable(path)
    return viewOf(yield* Vault, record)
  })

const change = <E>(path: string, read: Effect.Effect<Given, E>) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    yield* modifiable(path)
    const given = yield* read
    const server = yield* inTurn(
      Effect.gen(function* () {
        // As it is now: the body may have taken a while.
        const { record, who } = yield* modifiable(path)
        const asked = { given, before: record, path: record.path, vouches: who.isAdmin }
        return yield* withSecrets(asked, (inPlace) => registry.exactly(record).update({ ...given, ...inPlace }))
      })
    ).pipe(
      Effect.catchTags({
        ...failures,
        InvalidSecret: invalidSecret,
        InvalidServer: invalid,
        VaultUnavailable: vaultDown
      })
    )
    return viewOf(yield* Vault, server.record)
  })

const set = (request: HttpServerRequest.HttpServerRequest, path: string) =>
  change(path, formFieldsOf(request, { headers: "json" }).pipe(Effect.flatMap(decode)))

const forget = (path: string) => change(path, Effect.succeed({ auth_scheme: "none", auth_credential: "" }))

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "serverCredentials", (handlers) =>
  handlers
    .handle("show", ({ path }) => show(path["*"]))
    .handleRaw("set", ({ path, request }) => readmitted(request, set(request, path["*"])), whole)
    .handle("forget", ({ path }) => forget(path["*"]), whole)
)
