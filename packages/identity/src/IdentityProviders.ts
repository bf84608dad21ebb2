/**
 * **IdentityProviders** — everybody who may vouch for a person or issue tokens for us, from all sources, checked before anything opens.
 * Reaches no provider: whether one answers shows when it is needed.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { readFile } from "node:fs/promises"
import { type IdentityProvider, ProvidersMisconfigured } from "./IdentityProvider.ts"
import { environmentProviders, withoutProvider } from "./ProvidersEnvironment.ts"
import { type Environment, parseProviders, type ReadProviders, variablesIn } from "./ProvidersFile.ts"

export interface ProviderSources {
  /** `oauth2_providers.yml`; undefined: there is none. */
  readonly file: string | undefined
  /** What is set of the settings that describe providers, by name. */
  readonly settings: ReadonlyMap<string, string>
  /** Any variable of the environment: the file may refer to it. Undefined when it is unset or empty. */
  readonly variable: (name: string) => Effect.Effect<string | undefined>
}

export class IdentityProviders extends Context.Tag("@mcpgw/identity/IdentityProviders")<
  IdentityProviders,
  ReadonlyArray<IdentityProvider>
>() {
  /** Those of the file, then those of the environment; a name in both is the file's. */
  static layer(sources: ProviderSources): Layer.Layer<IdentityProviders, ProvidersMisconfigured> {
    return Layer.effect(IdentityProviders, read(sources))
  }

  static layerOf(providers: ReadonlyArray<IdentityProvider>): Layer.Layer<IdentityProviders> {
    return Layer.succeed(IdentityProviders, providers)
  }
}

const NONE: ReadProviders = { providers: [], disabled: [], warnings: [] }

const read = ({ file, settings, variable }: ProviderSources) =>
  Effect.gen(function* () {
    const environment: Environment = (name) => settings.get(name)
    const filed = file === undefined ? NONE : yield* readProviders(file, variable)
    const skip = filed.providers.map(({ name }) => name)
    const told = environmentProviders(environment, skip)
    if (Either.isLeft(told)) return yield* new ProvidersMisconfigured({ problems: told.left })
    const providers = together([...filed.providers, ...told.right])
    const problems = twice(providers)
    if (problems.length > 0) return yield* new ProvidersMisconfigured({ problems })
    const kinds = providers.map(({ kind }) => kind)
    const idle = withoutProvider(environment, kinds, filed.disabled)
    yield* Effect.forEach([...filed.warnings, ...idle], (warning) => Effect.logWarning(warning), { discard: true })
    return providers
  })

const readProviders = (file: string, variable: ProviderSources["variable"]) =>
  Effect.gen(function* () {
    const text = yield* Effect.tryPromise({
      try: () => readFile(file, "utf8"),
      catch: () => new ProvidersMisconfigured({ problems: [`${file}: can not be read`] })
    })
    const pairs = yield* Effect.forEach(variablesIn(text), (name) =>
      Effect.map(variable(name), (value) => [name, value] as const)
    )
    const variables = new Map(pairs)
    return yield* parseProviders(file, text, (name) => variables.get(name))
  })

/** `MCPGW_OIDC_*` without a client, for an issuer that is there already: one more audience of its tokens. */
const together = (providers: ReadonlyArray<IdentityProvider>): ReadonlyArray<IdentityProvider> => {
  const more = providers.find(({ kind, login }) => kind === "oidc" && login === undefined)
  const owner = providers.find((provider) => provider !== more && provider.issuer === more?.issuer)
  if (more?.api === undefined || owner === undefined) return providers
  const audiences = [...new Set([...(owner.api?.audiences ?? []), ...more.api.audiences])]
  return providers
    .filter((provider) => provider !== more)
    .map((provider) => (provider === owner ? { ...owner, api: { audiences } } : provider))
}

/** A token and an account belong to one provider: two with one issuer, or one name, would be a matter of luck. */
const twice = (providers: ReadonlyArray<IdentityProvider>): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const owners = new Map<string, string>()
  for (const { issuer, issuerAliases, name } of providers) {
    for (const claim of new Set([
      `name ${name}`,
      ...[issuer, ...issuerAliases].map((spelling) => `issuer ${spelling}`)
    ])) {
      const owner = owners.get(claim)
      if (owner !== undefined && claim !== "issuer undefined") {
        problems.push(`identity providers ${owner} and ${name}: held the same ${claim}; each may hold its own`)
      }
      owners.set(claim, name)
    }
  }
  return problems
}
