/**
 * `mcpgw creds`: gets tokens and keeps them fresh. `creds` alone runs the flows, `creds refresh` the service, `creds status` and `creds stop` tell
 * of it and end it. No token and no secret is ever shown.
 */
import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Part, runFlows } from "./flows.ts"
import { openFolder } from "./folder.ts"
import { Grants } from "./Grants.ts"
import type { Shown } from "./loopback.ts"
import { CredsProblem } from "./CredsProblem.ts"
import * as options from "./options.ts"
import { refresh, status, stop } from "./serviceCommands.ts"
import { writeIdeFiles } from "./writeIdeFiles.ts"

const PARTS: ReadonlyArray<Part> = ["ingress", "egress", "agentcore", "keycloak"]

interface Chosen {
  readonly all: boolean
  readonly both: boolean
  readonly ingressOnly: boolean
  readonly egressOnly: boolean
  readonly agentcoreOnly: boolean
  readonly keycloakOnly: boolean
  readonly provider: Option.Option<string>
}

/** Which parts the flags mean; all without any. A provider alone means egress. */
export const partsOf = (chosen: Chosen): ReadonlyArray<Part> => {
  const asked = PARTS.filter(
    (part) =>
      (part === "ingress" && (chosen.ingressOnly || chosen.both)) ||
      (part === "egress" && (chosen.egressOnly || chosen.both)) ||
      (part === "agentcore" && chosen.agentcoreOnly) ||
      (part === "keycloak" && chosen.keycloakOnly)
  )
  if (chosen.all) return PARTS
  if (asked.length > 0) return asked
  return Option.isSome(chosen.provider) ? ["egress"] : PARTS
}

const show =
  (verbose: boolean): Shown =>
  (page) =>
    Console.error(
      `Open this page in your browser and agree:\n\n  ${page.href}\n${verbose ? `\n(it belongs to ${page.host})\n` : ""}`
    )

const flows = Command.make(
  "creds",
  {
    folder: options.folder,
    servers: options.servers,
    all: options.all,
    both: options.both,
    ingressOnly: options.ingressOnly,
    egressOnly: options.egressOnly,
    agentcoreOnly: options.agentcoreOnly,
    keycloakOnly: options.keycloakOnly,
    provider: options.provider,
    server: options.server,
    set: options.set,
    force: options.force,
    verbose: options.verbose
  },
  (args) =>
    Effect.gen(function* () {
      const folder = yield* openFolder(args.folder)
      const parts = partsOf(args)
      if (args.verbose) yield* Console.error(`folder    ${folder.path}\nparts     ${parts.join(", ")}`)
      const done = yield* runFlows({
        folder,
        parts,
        provider: Option.getOrUndefined(args.provider),
        server: Option.getOrUndefined(args.server),
        set: Option.getOrUndefined(args.set),
        force: args.force,
        show: show(args.verbose)
      })
      if (args.verbose) yield* Effect.forEach(done.empty, (part) => Console.error(`nothing   is set up for ${part}`))
      const saved = yield* writeIdeFiles(folder, Option.getOrUndefined(args.servers))
      yield* Effect.forEach(saved, (name) => Console.error(`saved     ${name}`))
      if (done.problems.length > 0) {
        return yield* new CredsProblem({ problem: `${done.problems.length} of the tokens could not be had` })
      }
    })
).pipe(
  Command.provide(Grants.layer),
  Command.withDescription(
    "Get tokens for the gateway and for servers, and keep them in .oauth-tokens. Example: mcpgw creds --egress-only --provider atlassian"
  )
)

/** The parent's own options are read by the flows alone. */
export const creds = flows.pipe(Command.withSubcommands([refresh, status, stop]))
