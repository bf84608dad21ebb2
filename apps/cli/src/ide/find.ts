/**
 * What `mcpgw ide` connects to: where the server is reached, and what is sent to it. The registry knows both, and is asked as whoever is signed in;
 * without a sign-in it is the gateway's usual URL. Writes nothing.
 */
import { normalizePath, ServerPath } from "@mcpgw/domain/Ids"
import { keyOf, type Target } from "@mcpgw/ide/Entry"
import type { BackendAuth } from "@mcpgw/ide/Headers"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Globals } from "../connect/options.ts"
import { credential, urlOf } from "../connect/Session.ts"
import { tokenInPlain } from "../connect/tokenFile.ts"
import { badField } from "../Failure.ts"
import { askRegistry } from "./askRegistry.ts"

const isPath = Schema.is(ServerPath)

export interface Asked extends Globals {
  readonly server: string
  readonly name: Option.Option<string>
}

export interface Found {
  readonly target: Target
  readonly throughGateway: boolean
  /** What the registry says the server itself wants; undefined: it was not asked. */
  readonly backend: BackendAuth | undefined
  /** The token that was given. */
  readonly token: Redacted.Redacted | undefined
}

/** A whole URL, or a server's path. */
const placeOf = (server: string) =>
  Effect.gen(function* () {
    const url = /^https?:\/\//.test(server) ? URL.parse(server) : null
    if (url !== null) return { url: url.href, path: url.pathname.replace(/\/(?:mcp|sse)\/?$/, "") }
    const path = normalizePath(server)
    if (isPath(path)) return { url: undefined, path }
    return yield* badField("--server", server, "a server's path such as /currenttime, or an http(s) URL")
  })

/** The entry's name. */
export const keyFor = ({ name, server }: Pick<Asked, "name" | "server">) =>
  Effect.map(placeOf(server), ({ path }) => Option.getOrElse(name, () => keyOf(path)))

/** The option or `MCPGW_TOKEN` before a file. */
const givenToken = ({ token, tokenFile }: Globals) =>
  Effect.gen(function* () {
    if (Option.isSome(token)) return token.value
    if (Option.isNone(tokenFile)) return undefined
    return yield* tokenInPlain(tokenFile.value)
  })

/** The registry's word; undefined where nobody is signed in, or where only a sign-in of before was there and nobody answers. */
const registrySays = ({ verbose }: Asked, gateway: string, path: string, token: Redacted.Redacted | undefined) =>
  Effect.gen(function* () {
    const headers = yield* credential(gateway, { token: Option.fromNullable(token), tokenFile: Option.none() })
    return Object.keys(headers).length === 0 ? undefined : yield* askRegistry(gateway, path, headers, verbose)
  }).pipe(
    Effect.catchIf(
      ({ kind }) => token === undefined && kind === "unreachable",
      ({ problem }) => Effect.as(Console.error(`warning: ${problem}; this is its usual URL, unasked`), undefined)
    )
  )

/** A whole URL leads there and nowhere else; a path leads where the registry says, or through the gateway. */
export const find = (asked: Asked) =>
  Effect.gen(function* () {
    const token = yield* givenToken(asked)
    const key = yield* keyFor(asked)
    const { path, url } = yield* placeOf(asked.server)
    if (url !== undefined)
      return { target: { key, url }, throughGateway: true, backend: undefined, token } satisfies Found
    const gateway = yield* urlOf(asked)
    const said = yield* registrySays(asked, gateway, path, token)
    return {
      target: { key, url: said?.url ?? `${gateway}${path}/mcp` },
      throughGateway: said?.through_gateway ?? true,
      backend: said?.backend,
      token
    } satisfies Found
  })
