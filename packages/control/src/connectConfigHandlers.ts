/**
 * How a program is connected to a server, for whoever may see that server. Mints no credential and keeps none: what a person wants in the headers
 * they send themselves.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import { BadRequest, fieldProblem, NotFound, problem } from "@mcpgw/api/ApiError"
import { type ConnectConfig, type ConnectConfigs, FillConnectConfig } from "@mcpgw/api/ConnectConfig"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { IDE_NAMES, IdeName, IDES } from "@mcpgw/ide/Client"
import { configOf, fileText, keyOf, type Target } from "@mcpgw/ide/Entry"
import type { BackendAuth, HeaderForm } from "@mcpgw/ide/Headers"
import { addCommand, installLink } from "@mcpgw/ide/Links"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { caller, findServer } from "./access.ts"
import { decodeOnly, fieldsOf } from "./body.ts"
import { ownAuth } from "./ownAuth.ts"
import { PublicUrls } from "./publicUrls.ts"
import { readmitted } from "./received.ts"

const isIde = Schema.is(IdeName)

const HELD_LENGTH = 60

/** The clients asked for: one, or all. */
const wanted = (ide: string | undefined): Effect.Effect<ReadonlyArray<IdeName>, BadRequest> => {
  if (ide === undefined) return Effect.succeed(IDE_NAMES)
  if (isIde(ide)) return Effect.succeed([ide])
  return new BadRequest(
    fieldProblem("ide", JSON.stringify(ide.slice(0, HELD_LENGTH)), `it may hold ${IDE_NAMES.join(", ")}`)
  )
}

const withHeaders = (form: string | undefined): Effect.Effect<boolean, BadRequest> =>
  form === undefined || form === "oauth" || form === "headers"
    ? Effect.succeed(form === "headers")
    : new BadRequest(fieldProblem("form", JSON.stringify(form.slice(0, HELD_LENGTH)), "it may hold oauth, headers"))

type Backend = BackendAuth & { readonly others: ReadonlyArray<string> }

/**
 * Through the gateway a client sends its own only where the gateway has none to send: its schemes are `client`, or none given. The record's
 * other headers the gateway sends, too; who goes to the server itself has to, and is told their names alone.
 */
const backendOf = (record: ServerRecord, throughGateway: boolean): Backend => {
  const { auth_scheme: scheme, headers } = record
  if (!throughGateway) return { ...ownAuth(record), others: headers.flatMap((header) => Object.keys(header)) }
  const auth: BackendAuth = scheme !== undefined && scheme !== "client" ? { scheme: "none" } : ownAuth(record)
  return { ...auth, others: [] }
}

const view = (ide: IdeName, target: Target, form: HeaderForm | undefined): ConnectConfig => {
  const { docs, format, label, project, section, user } = IDES[ide]
  const config = configOf(ide, target, form)
  const link = installLink(ide, config)
  const command = form === undefined ? addCommand(ide, target) : undefined
  return {
    ide,
    label,
    format,
    section,
    ...config,
    text: fileText(ide, config),
    file: { user, project: project ?? null },
    ...(link === undefined ? {} : { install_link: link }),
    ...(command === undefined ? {} : { command }),
    docs
  }
}

type Values = NonNullable<HeaderForm["values"]>

const nowhere = new NotFound(
  problem("This server has no address of its own", "It is bundled with a gateway; a registry alone can not lead there")
)

const answer = (path: string, ides: ReadonlyArray<IdeName>, headers: Values | undefined) =>
  Effect.gen(function* () {
    const { record } = yield* findServer(yield* caller, path)
    const { serverUrl, throughGateway } = yield* PublicUrls
    const url = serverUrl(record)
    if (url === undefined) return yield* nowhere
    const target = { key: keyOf(record.path), url, description: record.description }
    const backend = backendOf(record, throughGateway)
    const form = headers === undefined ? undefined : { gateway: throughGateway, backend, values: headers }
    return {
      path: record.path,
      server_name: record.server_name,
      url,
      through_gateway: throughGateway,
      form: form === undefined ? "oauth" : "headers",
      backend,
      configs: ides.map((ide) => view(ide, target, form))
    } satisfies ConnectConfigs
  })

const decode = decodeOnly(FillConnectConfig, Object.keys(FillConnectConfig.fields))

const fill = (request: HttpServerRequest.HttpServerRequest, path: string) =>
  Effect.gen(function* () {
    const { backend_token: backend, gateway_token: gateway, ide } = yield* Effect.flatMap(fieldsOf(request), decode)
    return yield* answer(path, yield* wanted(ide), { gateway, backend })
  })

export const layer = HttpApiBuilder.group(Api, "connectConfig", (handlers) =>
  handlers
    .handle("get", ({ path, urlParams: { form, ide } }) =>
      Effect.gen(function* () {
        const ides = yield* wanted(ide)
        return yield* answer(path["*"], ides, (yield* withHeaders(form)) ? {} : undefined)
      })
    )
    .handleRaw("fill", ({ path, request }) => readmitted(request, fill(request, path["*"])))
)
