/**
 * Waits on this computer for a browser that comes back from a provider (RFC 8252 §7.3). Only a request with the state of this very flow ends the
 * wait: whatever else runs here can neither finish nor break it.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export type Shown = (page: URL) => Effect.Effect<void>

export class NoCode extends Schema.TaggedError<NoCode>()("NoCode", { problem: Schema.String }) {}

export interface Wait {
  readonly page: URL
  readonly redirectUri: string
  readonly state: string
  readonly show: Shown
}

const WITHIN = "5 minutes"

/** Where to listen for it; undefined when it does not lead to this computer. */
export const listenAt = (redirectUri: string): { readonly hostname: string; readonly port: number } | undefined => {
  const url = URL.parse(redirectUri)
  if (url === null || url.protocol !== "http:" || url.hash !== "" || url.username !== "") return undefined
  const hosts: Readonly<Record<string, string>> = { localhost: "127.0.0.1", "127.0.0.1": "127.0.0.1", "[::1]": "::1" }
  const hostname = hosts[url.hostname]
  return hostname === undefined ? undefined : { hostname, port: url.port === "" ? 80 : Number(url.port) }
}

const page = (text: string, status: number): Response =>
  new Response(`<!doctype html><meta charset="utf-8"><title>mcpgw</title><p>${text}</p>`, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer"
    }
  })

/** The redirect URI as the provider called it, without `iss`: the endpoints of this flow are fixed, whoever claims to have answered. */
const cameBack = (redirectUri: string, search: string): URL => {
  const url = new URL(redirectUri)
  url.search = search
  url.searchParams.delete("iss")
  return url
}

/** Answers the URL the browser came back with. */
export const awaitCode = ({ page: first, redirectUri, show, state }: Wait): Effect.Effect<URL, NoCode> =>
  Effect.gen(function* () {
    const at = listenAt(redirectUri)
    if (at === undefined) {
      return yield* new NoCode({
        problem: `the redirect URI ${JSON.stringify(redirectUri)} does not lead to this computer; it may be http://localhost:PORT/PATH`
      })
    }
    const done = yield* Deferred.make<URL, NoCode>()
    const { pathname } = new URL(redirectUri)
    const answer = (request: Request): Response => {
      const url = new URL(request.url)
      if (request.method !== "GET" || url.pathname !== pathname) return page("There is nothing here.", 404)
      if (url.searchParams.get("state") !== state) return page("This answer belongs to no question asked here.", 400)
      Deferred.unsafeDone(done, Effect.succeed(cameBack(redirectUri, url.search)))
      return page("Done. You can close this window and go back to the terminal.", 200)
    }
    yield* Effect.acquireRelease(
      Effect.try({
        try: () => Bun.serve({ ...at, fetch: answer }),
        catch: () =>
          new NoCode({ problem: `nothing can be listened for at ${at.hostname} port ${at.port}: it is in use` })
      }),
      (server) => Effect.promise(() => server.stop(false))
    )
    yield* show(first)
    return yield* Deferred.await(done)
  }).pipe(
    Effect.timeoutFail({
      duration: WITHIN,
      onTimeout: () => new NoCode({ problem: "nobody came back from the provider in five minutes" })
    }),
    Effect.scoped
  )
