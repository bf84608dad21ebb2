/** A browser that signs in through `FederatedLogin` at scripted providers. For tests only. */
import { type FetchFunction, IssuerFetch } from "@mcpgw/auth/IssuerFetch"
import { Revocations } from "@mcpgw/auth/Revocations"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Accounts } from "../../src/Accounts.ts"
import { FederatedLogin } from "../../src/FederatedLogin.ts"
import type { ProviderKind } from "../../src/IdentityProvider.ts"
import { IdentityProviders } from "../../src/IdentityProviders.ts"
import { PasswordCost } from "../../src/PasswordCost.ts"
import { Sessions } from "../../src/Sessions.ts"
import { type ScriptedProvider, SETTINGS } from "./ScriptedProvider.ts"

export const PUBLIC = "https://gw.example"

export type Kind = Exclude<ProviderKind, "oidc">

/** Everything a sign-in needs, over settings of these kinds. */
export const layerWith = (kinds: ReadonlyArray<Kind>, fetch: FetchFunction, more: Record<string, string> = {}) => {
  const own = Object.assign({}, ...kinds.map((kind) => SETTINGS[kind]))
  const settings = new Map<string, string>(Object.entries({ AUTH_PROVIDER: kinds.join(","), ...own, ...more }))
  const variable = () => Effect.succeed(undefined)
  return FederatedLogin.layer({ publicUrl: PUBLIC }).pipe(
    Layer.provideMerge(IdentityProviders.layer({ file: undefined, settings, variable })),
    Layer.provideMerge(
      Layer.mergeAll(
        IssuerFetch.layerOf(fetch, { maxBytes: 100_000, timeoutMillis: 300 }),
        Layer.provide(Accounts.layerMemory, PasswordCost.layerLow),
        KeyRing.layerEphemeral,
        Sessions.layerMemory({ issuer: PUBLIC, audience: PUBLIC }).pipe(Layer.provideMerge(Revocations.layerMemory))
      )
    )
  )
}

/** The `Cookie` header a browser sends after these `Set-Cookie` values. */
export const cookieOf = (cookies: ReadonlyArray<string>): string =>
  cookies.map((cookie) => cookie.split(";")[0] ?? "").join("; ")

/** There, and what it comes back with; not yet handed in. */
export const leave = (provider: ScriptedProvider, name: string, returnTo?: string) =>
  Effect.gen(function* () {
    const login = yield* FederatedLogin
    const sent = yield* login.begin(name, returnTo)
    return { query: provider.authorize(sent.location), cookies: cookieOf(sent.cookies), sent }
  })

export const signIn = (provider: ScriptedProvider, name: string, returnTo?: string) =>
  Effect.gen(function* () {
    const login = yield* FederatedLogin
    const { cookies, query } = yield* leave(provider, name, returnTo)
    return yield* login.finish(name, query, { cookies })
  })
