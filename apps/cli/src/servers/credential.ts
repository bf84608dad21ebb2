/** `mcpgw servers credential`: what a server is sent on everybody's behalf. Its value comes from standard input and is shown by nobody. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { globals } from "../connect/options.ts"
import { pathInUrl, Session } from "../connect/Session.ts"
import { toldByFlags, usage } from "../Failure.ts"
import { about } from "../help.ts"
import { pairs, show } from "../show/table.ts"
import { Stdin } from "../Stdin.ts"
import { server } from "./options.ts"
import { resolve } from "./resolve.ts"

const View = Schema.Struct(
  {
    service_path: Schema.String,
    auth_scheme: Schema.NullOr(Schema.String),
    auth_header_name: Schema.NullOr(Schema.String),
    has_credential: Schema.Boolean,
    credential_set_at: Schema.NullOr(Schema.String),
    header_names: Schema.Array(Schema.String),
    problem: Schema.NullOr(Schema.String)
  },
  { key: Schema.String, value: Schema.Unknown }
)

const scheme = Options.choice("scheme", ["none", "bearer", "api_key", "client"]).pipe(
  Options.optional,
  Options.withDescription(
    "How it is sent; client: each caller's own. With client and none a stored credential is thrown away."
  )
)
const headerName = Options.text("header-name").pipe(
  Options.optional,
  Options.withPseudoName("NAME"),
  Options.withDescription("The header of an api_key; else X-API-Key.")
)
const stdin = Options.boolean("stdin").pipe(
  Options.withDescription(
    "Read the credential from standard input; $NAME_AUTH_TOKEN there stands for a variable of the gateway's."
  )
)
const forget = Options.boolean("forget").pipe(Options.withDescription("Take the credential away."))

interface Wanted {
  readonly scheme: Option.Option<string>
  readonly headerName: Option.Option<string>
  readonly stdin: boolean
  readonly forget: boolean
}

/** Schemes with which nothing is stored. */
const KEEPS_NONE: ReadonlySet<string> = new Set(["none", "client"])
const THROWN_AWAY = "note: the credential that was stored is thrown away; --stdin sets one anew"

const FLAGS = { auth_scheme: "--scheme", auth_header_name: "--header-name", auth_credential: "--stdin" }

const requestOf = ({ forget, headerName, scheme, stdin }: Wanted, at: string) =>
  Effect.gen(function* () {
    const value = stdin ? (yield* (yield* Stdin).text).trim() : undefined
    const fields = {
      ...(Option.isSome(scheme) ? { auth_scheme: scheme.value } : {}),
      ...(Option.isSome(headerName) ? { auth_header_name: headerName.value } : {}),
      ...(value === undefined ? {} : { auth_credential: value })
    }
    const changes = Object.keys(fields).length > 0
    if (value === "") return yield* usage("--stdin: standard input held nothing", "--forget takes the credential away")
    if (forget && changes) return yield* usage("--forget goes with no other option")
    if (forget) return HttpClientRequest.del(at)
    return changes ? HttpClientRequest.bodyUnsafeJson(HttpClientRequest.put(at), fields) : HttpClientRequest.get(at)
  })

export const credential = Command.make(
  "credential",
  { server, scheme, headerName, stdin, forget, ...globals },
  (args) =>
    Effect.gen(function* () {
      const { ask } = yield* Session
      const path = yield* resolve(args.server)
      const at = `/api/credentials/${pathInUrl(path)}`
      const request = yield* requestOf(args, at)
      const drops = Option.exists(args.scheme, (scheme) => KEEPS_NONE.has(scheme))
      const before = drops ? yield* ask(HttpClientRequest.get(at), View) : undefined
      const view = yield* ask(request, View)
      if (before?.has_credential === true && !view.has_credential) yield* Console.error(THROWN_AWAY)
      yield* show(args.json, view, () =>
        pairs([
          ["server", view.service_path],
          ["scheme", view.auth_scheme ?? "client"],
          ["header", view.auth_header_name],
          ["stored", view.has_credential],
          ["set", view.credential_set_at],
          ["other headers", view.header_names],
          ...(view.problem === null ? [] : [["problem", view.problem] as const])
        ])
      )
    }).pipe(toldByFlags(FLAGS))
).pipe(
  Command.withDescription(
    about(
      "Show, set or take away what a server is sent on everybody's behalf; never its value.",
      "servers credential weather --scheme bearer --stdin < token.txt",
      "servers credential weather --forget"
    )
  ),
  Command.provide((args) => Session.layer(args))
)
