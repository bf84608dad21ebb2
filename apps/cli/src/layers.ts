/** What the command line runs on: files, the network, and what sign-ins left. */
import * as BunContext from "@effect/platform-bun/BunContext"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Layer from "effect/Layer"
import { Logins } from "./connect/Logins.ts"
import { builtIns } from "./mcpgw.ts"
import { Stdin } from "./Stdin.ts"

export const layer = Logins.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(BunContext.layer, FetchHttpClient.layer, builtIns, Stdin.layer))
)
