/** An IDE's side of OAuth: where answers arrive, and what the SDKs ask of whoever embeds them. Remembers in memory. */
import type { OAuthDiscoveryState } from "@modelcontextprotocol/client"
import type {
  OAuthClientInformationFull,
  OAuthClientMetadata,
  OAuthTokens
} from "@modelcontextprotocol/sdk/shared/auth.js"

export interface Callback {
  readonly url: string
  /** What the browser brought. */
  readonly answered: Promise<URLSearchParams>
  readonly stop: () => void
}

export const startCallback = (): Callback => {
  const { promise, resolve } = Promise.withResolvers<URLSearchParams>()
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { pathname, searchParams } = new URL(request.url)
      if (pathname !== "/callback") return new Response(null, { status: 204 })
      resolve(searchParams)
      return new Response("<!doctype html><title>Back in the IDE</title>", { headers: { "content-type": "text/html" } })
    }
  })
  return { url: `http://127.0.0.1:${server.port}/callback`, answered: promise, stop: () => void server.stop(true) }
}

/** For both SDKs: the parts of their provider interfaces they have in common. */
export class IdeAuth {
  readonly redirectUrl: string
  readonly clientMetadataUrl?: string
  readonly clientMetadata: OAuthClientMetadata
  /** Where the browser was to be sent. */
  asked = ""
  private information: OAuthClientInformationFull | undefined
  private kept: OAuthTokens | undefined
  private verifier = ""
  private discovered: OAuthDiscoveryState | undefined

  constructor(redirectUrl: string, documentUrl?: string) {
    this.redirectUrl = redirectUrl
    if (documentUrl !== undefined) this.clientMetadataUrl = documentUrl
    this.clientMetadata = {
      client_name: "Plain IDE",
      redirect_uris: [redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none"
    }
  }

  clientInformation(): OAuthClientInformationFull | undefined {
    return this.information
  }

  saveClientInformation(information: OAuthClientInformationFull): void {
    this.information = information
  }

  tokens(): OAuthTokens | undefined {
    return this.kept
  }

  saveTokens(tokens: OAuthTokens): void {
    this.kept = tokens
  }

  /** Binds the answer to the server that was asked (S-14). */
  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.discovered = state
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.discovered
  }

  redirectToAuthorization(url: URL): void {
    this.asked = url.href
  }

  saveCodeVerifier(verifier: string): void {
    this.verifier = verifier
  }

  codeVerifier(): string {
    return this.verifier
  }
}
