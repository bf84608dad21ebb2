/** Contract of `ProxyRouter`; run over every kind of upstream. Each brings a server at `url` that answers with a handler. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { benchOver, type Law, type Serve } from "../support/Bench.ts"
import { routerAnswers } from "./routerAnswers.ts"
import { routerBodies } from "./routerBodies.ts"
import { routerLists } from "./routerLists.ts"
import { routerRefusals } from "./routerRefusals.ts"
import { routerRequests } from "./routerRequests.ts"
import { routerSessions } from "./routerSessions.ts"
import { routerStates } from "./routerStates.ts"
import { routerStreams } from "./routerStreams.ts"

export const proxyRouterSuite = (name: string, serve: Serve): void => {
  const law: Law = (title, handler, body, options = {}) =>
    it.scoped(title, () =>
      Effect.gen(function* () {
        const bench = yield* benchOver(yield* serve(handler), options)
        yield* Effect.promise(() => body(bench))
      })
    )

  describe(`ProxyRouter contract: ${name}`, () => {
    routerRequests(law)
    routerSessions(law)
    routerLists(law)
    routerRefusals(law)
    routerAnswers(law)
    routerStreams(law)
    routerStates(law)
    routerBodies(law)
  })
}
