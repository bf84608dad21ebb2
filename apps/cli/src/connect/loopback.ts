/** Where the browser brings its answer: one address on loopback, for one request, known by its state. Listens on nothing else. */
import * as Config from "effect/Config"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

const page = (words: string): Response =>
  new Response(`<!doctype html><meta charset="utf-8"><title>mcpgw</title><p>${words}</p>`, {
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store", connection: "close" }
  })

export interface Callback {
  readonly redirect: string
  /** The whole address the browser came to. */
  readonly answered: Effect.Effect<URL>
}

export const startCallback = (state: string): Effect.Effect<Callback, never, Scope.Scope> =>
  Effect.gen(function* () {
    const answered = yield* Deferred.make<URL>()
    const server = yield* Effect.acquireRelease(
      Effect.sync(() =>
        Bun.serve({
          hostname: "127.0.0.1",
          port: 0,
          fetch: (request) => {
            const url = new URL(request.url)
            // Any page may send a browser here: what does not know the state ends nothing.
            if (url.pathname !== "/callback" || url.searchParams.get("state") !== state)
              return new Response("Not found", { status: 404 })
            Deferred.unsafeDone(answered, Effect.succeed(url))
            return url.searchParams.has("error")
              ? page("It was refused. The terminal says more.")
              : page("You are signed in. You can close this page and go back to the terminal.")
          }
        })
      ),
      // Lets the answer to the browser go out.
      (server) => Effect.promise(() => server.stop())
    )
    return { redirect: `http://127.0.0.1:${server.port}/callback`, answered: Deferred.await(answered) }
  })

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, ReadonlyArray<string>>>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
  linux: ["xdg-open"]
}

/** Starts the browser at an http(s) address (S-12), without a shell; `BROWSER` first. A machine without one is no failure: the address stands in the terminal. */
export const openBrowser = (address: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    const own = yield* Effect.orElseSucceed(Config.string("BROWSER"), () => "")
    const command = own === "" ? OPENERS[process.platform] : [own]
    if (command === undefined || !/^https?:\/\//.test(address)) return
    yield* Effect.sync(() => {
      if (Bun.which(command[0] ?? "") === null) return
      Bun.spawn([...command, address], { stdin: "ignore", stdout: "ignore", stderr: "ignore" }).unref()
    })
  })
