/**
 * **Grants**: tokens from a provider, by client credentials, a refresh token, or a person's agreement (authorization code, PKCE S256, loopback
 * redirect). `openid-client` speaks OAuth. What went wrong is said by the provider's error code alone: descriptions may repeat what was sent.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as oauth from "openid-client"
import { guardCredential } from "../connect/plainHttp.ts"
import { awaitCode, type Shown } from "./loopback.ts"
import type { Granted } from "./shapes.ts"
import { tolerantFetch } from "./tolerantFetch.ts"

/** The client at one provider. */
export interface GrantClient {
  /** For messages. */
  readonly provider: string
  readonly token: string
  readonly clientId: string
  /** Undefined: a public client. */
  readonly clientSecret: Redacted.Redacted | undefined
  readonly auth: "post" | "basic"
  readonly scope: string
  /** What else a token request says, such as a resource. */
  readonly more: Readonly<Record<string, string>>
}

export interface Agreement {
  readonly authorize: string
  readonly redirectUri: string
  readonly more: Readonly<Record<string, string>>
  /** Tells the person which page to open. */
  readonly show: Shown
}

export class GrantFailed extends Schema.TaggedError<GrantFailed>()("GrantFailed", {
  provider: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.provider}: ${this.problem}`
  }
}

export interface GrantsApi {
  readonly clientCredentials: (client: GrantClient) => Effect.Effect<Granted, GrantFailed>
  readonly refresh: (client: GrantClient, token: Redacted.Redacted) => Effect.Effect<Granted, GrantFailed>
  readonly agree: (client: GrantClient, agreement: Agreement) => Effect.Effect<Granted, GrantFailed>
}

const WITHIN_SECONDS = 20

const authOf = ({ auth, clientSecret }: GrantClient): oauth.ClientAuth => {
  if (clientSecret === undefined) return oauth.None()
  const secret = Redacted.value(clientSecret)
  return auth === "basic" ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret)
}

const configurationOf = (client: GrantClient, authorize?: string): oauth.Configuration => {
  const server = {
    issuer: new URL(client.token).origin,
    token_endpoint: client.token,
    ...(authorize === undefined ? {} : { authorization_endpoint: authorize })
  }
  const configuration = new oauth.Configuration(server, client.clientId, undefined, authOf(client))
  configuration.timeout = WITHIN_SECONDS
  configuration[oauth.customFetch] = tolerantFetch
  if (client.token.startsWith("http:")) oauth.allowInsecureRequests(configuration)
  return configuration
}

/** An error code or a status, never a sentence of somebody else's. */
const problemOf = (error: unknown): string => {
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError) {
    return `refused: ${error.error.replaceAll(/[^\w.-]/g, "").slice(0, 60)}`
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) return `refused with status ${error.status}`
  const { cause } = error instanceof Error ? error : { cause: undefined }
  if (cause instanceof Response) return `answered with status ${cause.status}`
  const code = error instanceof oauth.ClientError ? error.code : undefined
  return code === "OAUTH_TIMEOUT" || code === "OAUTH_ABORT"
    ? "does not answer"
    : "can not be reached, or answers no token"
}

const grantedOf = (answer: oauth.TokenEndpointResponse): Granted => ({
  accessToken: Redacted.make(answer.access_token),
  refreshToken: answer.refresh_token === undefined ? undefined : Redacted.make(answer.refresh_token),
  expiresIn: answer.expires_in,
  scope: answer.scope
})

const asking = (
  { provider, token }: GrantClient,
  ask: () => Promise<oauth.TokenEndpointResponse>
): Effect.Effect<Granted, GrantFailed> =>
  Effect.gen(function* () {
    yield* Effect.mapError(
      guardCredential(token, "the client's secret"),
      ({ message }) => new GrantFailed({ provider, problem: message })
    )
    return yield* Effect.tryPromise({
      try: ask,
      catch: (error) => new GrantFailed({ provider, problem: problemOf(error) })
    })
  }).pipe(Effect.map(grantedOf))

const scoped = ({ more, scope }: GrantClient): Record<string, string> => ({
  ...more,
  ...(scope === "" ? {} : { scope })
})

const agree = (client: GrantClient, { authorize, more, redirectUri, show }: Agreement) =>
  Effect.gen(function* () {
    const configuration = configurationOf(client, authorize)
    const [verifier, state] = [oauth.randomPKCECodeVerifier(), oauth.randomState()]
    const challenge = yield* Effect.promise(() => oauth.calculatePKCECodeChallenge(verifier))
    const page = oauth.buildAuthorizationUrl(configuration, {
      ...scoped(client),
      ...more,
      redirect_uri: redirectUri,
      response_type: "code",
      state,
      code_challenge: challenge,
      code_challenge_method: "S256"
    })
    const came = yield* Effect.mapError(
      awaitCode({ page, redirectUri, state, show }),
      ({ problem }) => new GrantFailed({ provider: client.provider, problem })
    )
    return yield* asking(client, () =>
      oauth.authorizationCodeGrant(configuration, came, { pkceCodeVerifier: verifier, expectedState: state })
    )
  })

export class Grants extends Context.Tag("@mcpgw/cli/Grants")<Grants, GrantsApi>() {
  static readonly layer: Layer.Layer<Grants> = Layer.succeed(Grants, {
    clientCredentials: (client) =>
      asking(client, () => oauth.clientCredentialsGrant(configurationOf(client), scoped(client))),
    refresh: (client, token) =>
      asking(client, () => oauth.refreshTokenGrant(configurationOf(client), Redacted.value(token), { ...client.more })),
    agree
  })

  /** For tests: what is answered, by provider. */
  static layerOf(answer: (client: GrantClient) => Effect.Effect<Granted, GrantFailed>): Layer.Layer<Grants> {
    return Layer.succeed(Grants, { clientCredentials: answer, refresh: answer, agree: answer })
  }
}

/** Unix seconds. */
export const nowSeconds: Effect.Effect<number> = Effect.map(Clock.currentTimeMillis, (millis) =>
  Math.floor(millis / 1000)
)
