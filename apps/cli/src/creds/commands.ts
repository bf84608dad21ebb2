/**
 * `mcpgw creds`: gets tokens and keeps them fresh. `creds` alone runs the flows, `creds refresh` the service, `creds status` and `creds stop` tell
 * of it and end it. No token and no secret is ever shown.
 */
import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { usage } from "../Failure.ts"
import { about } from "../help.ts"
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
  readonly server: Option.Option<string>
  readonly set: Option.Option<number>
  readonly agentId: Option.Option<string>
}

/** Which parts the flags mean; all without any. What only egress or only agents have means those. */
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
  const narrowed: ReadonlyArray<Part> = [
    ...(isSomeEgress(chosen) ? (["egress"] as const) : []),
    ...(Option.isSome(chosen.agentId) ? (["keycloak"] as const) : [])
  ]
  return narrowed.length > 0 ? narrowed : PARTS
}

const isSomeEgress = ({ provider, server, set }: Chosen): boolean =>
  Option.isSome(provider) || Option.isSome(server) || Option.isSome(set)

/** Options that say two things at once, or that another one makes pointless. */
const conflicts = (chosen: Chosen) =>
  Effect.gen(function* () {
    const { agentcoreOnly, all, egressOnly, ingressOnly, keycloakOnly } = chosen
    if (all && (ingressOnly || egressOnly || agentcoreOnly || keycloakOnly))
      return yield* usage("--all and one of the options that end in -only are both set")
    const parts = partsOf(chosen)
    if (isSomeEgress(chosen) && !parts.includes("egress"))
      return yield* usage("--provider, --mcp-server-name and --config-set belong to egress", "add --egress-only")
    if (Option.isSome(chosen.agentId) && !parts.includes("keycloak"))
      return yield* usage("--agent-id belongs to the agents' tokens", "add --keycloak-only")
  })

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
    agentId: options.agentId,
    force: options.force,
    verbose: options.verbose
  },
  (args) =>
    Effect.gen(function* () {
      yield* conflicts(args)
      const folder = yield* openFolder(args.folder)
      const parts = partsOf(args)
      if (args.verbose) yield* Console.error(`folder    ${folder.path}\nparts     ${parts.join(", ")}`)
      const done = yield* runFlows({
        folder,
        parts,
        provider: Option.getOrUndefined(args.provider),
        server: Option.getOrUndefined(args.server),
        set: Option.getOrUndefined(args.set),
        agentId: Option.getOrUndefined(args.agentId),
        force: args.force,
        show: show(args.verbose)
      })
      // Whoever asks for one thing alone is told that there is no such thing.
      if (args.verbose || parts.length < PARTS.length)
        yield* Effect.forEach(done.empty, (part) => Console.error(`nothing   is set up for ${part}`))
      const saved = yield* writeIdeFiles(folder, Option.getOrUndefined(args.servers))
      yield* Effect.forEach(saved, (name) => Console.error(`saved     ${name}`))
      if (done.problems.length > 0) {
        return yield* new CredsProblem({ problem: `${done.problems.length} of the tokens could not be had` })
      }
    })
).pipe(
  Command.provide(Grants.layer),
  Command.withDescription(
    about(
      "Get tokens for the gateway and for servers, and keep them in .oauth-tokens.",
      "creds",
      "creds --egress-only --provider atlassian"
    )
  )
)

/** The parent's own options are read by the flows alone. */
export const creds = flows.pipe(Command.withSubcommands([refresh, status, stop]))
