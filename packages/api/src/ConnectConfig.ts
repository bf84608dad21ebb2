/**
 * How a person's program is connected to one server: entries, files, links and commands of each client (contracts.md §2.13). Contract only. Asked
 * for as `/api/servers/{path}/connect-config` too, whose wildcard no router takes. Reads hold no secret.
 */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Forbidden, NotFound, TooLarge } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { KNOWN_ONLY } from "./everyError.ts"
import { optional } from "./internal/optional.ts"

const ServerPathParam = Schema.Struct({ "*": Schema.String })

const Place = Schema.Struct({ linux: Schema.String, macos: Schema.String, windows: Schema.String })

/** What one client needs. */
export const ConnectConfig = Schema.Struct({
  ide: Schema.String,
  label: Schema.String,
  format: Schema.Literal("json", "yaml", "toml"),
  /** The map of the file that holds one entry per server. */
  section: Schema.String,
  key: Schema.String,
  entry: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  /** What VS Code asks for. */
  inputs: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  /** A file that says this and nothing else. */
  text: Schema.String,
  /** `~` is the home folder; `project` is from the project's folder, null where the client has no such file. */
  file: Schema.Struct({ user: Place, project: Schema.NullOr(Schema.String) }),
  /** Opens the client with the server filled in. */
  install_link: optional(Schema.String),
  command: optional(Schema.String),
  docs: Schema.Struct({ title: Schema.String, url: Schema.String })
}).annotations({ identifier: "ConnectConfig" })
export type ConnectConfig = typeof ConnectConfig.Type

export const ConnectConfigs = Schema.Struct({
  path: Schema.String,
  server_name: Schema.String,
  url: Schema.String,
  /** False: the URL is the server's own, and no credential of the gateway is of use there. */
  through_gateway: Schema.Boolean,
  /** `oauth`: the client signs in by itself; `headers`: with credentials in headers. */
  form: Schema.Literal("oauth", "headers"),
  /** What a client sends for the server itself, in the header form: `header` is that of an api_key, `others` are wanted besides. */
  backend: Schema.Struct({
    scheme: Schema.Literal("none", "bearer", "api_key"),
    header: optional(Schema.String),
    others: Schema.Array(Schema.String)
  }),
  configs: Schema.Array(ConnectConfig)
}).annotations({ identifier: "ConnectConfigs" })
export type ConnectConfigs = typeof ConnectConfigs.Type

/** What may stand in a header as it is. */
const Credential = Schema.String.pipe(
  Schema.pattern(/^[\x21-\x7e]{1,8192}$/, { message: () => "must be 1 to 8192 visible ASCII characters" })
)

export const FillConnectConfig = Schema.Struct({
  ide: optional(Schema.String),
  gateway_token: optional(Credential),
  backend_token: optional(Credential)
})

const CHOICES =
  "`ide` is one of vscode, cursor, claude-code, cline, roo-code, kiro, goose, codex; without it there are all of them."

const get = HttpApiEndpoint.get("get", "/api/connect-config/*")
  .setPath(ServerPathParam)
  .setUrlParams(Schema.Struct({ ide: optional(Schema.String), form: optional(Schema.String) }).annotations(KNOWN_ONLY))
  .addSuccess(ConnectConfigs)
  .annotate(OpenApi.Summary, "Make a client's configuration for a server")
  .annotate(
    OpenApi.Description,
    `Also at /api/servers/{path}/connect-config. ${CHOICES} \`form=headers\` shows credentials in headers, as placeholders.`
  )

const post = HttpApiEndpoint.post("fill", "/api/connect-config/*")
  .setPath(ServerPathParam)
  .setPayload(FillConnectConfig)
  .addSuccess(ConnectConfigs)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Make a client's configuration with credentials in it")
  .annotate(
    OpenApi.Description,
    `Also at /api/servers/{path}/connect-config. The header form with the credentials that are sent, which are not kept. ${CHOICES}`
  )

export class ConnectConfigGroup extends HttpApiGroup.make("connectConfig")
  .add(get)
  .add(post)
  .addError(BadRequest.schema)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .middleware(Authentication) {}
