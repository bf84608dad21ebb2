/** Joins the servers' group to what answers it. Changes run whole: neither a client that leaves nor a shutdown cuts them. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { Api } from "@mcpgw/api/Api"
import * as Effect from "effect/Effect"
import { edit, refresh, register, remove, toggle } from "./serverChanges.ts"
import { details, list, tools } from "./serverReads.ts"

const whole = { uninterruptible: true }

/** Health checks it starts end with the layer's scope. */
export const layer = HttpApiBuilder.group(Api, "servers", (handlers) =>
  Effect.map(Effect.scope, (scope) =>
    handlers
      .handle("list", ({ urlParams }) => list(urlParams.query ?? ""))
      .handle("details", ({ path }) => details(path["*"]))
      .handle("tools", ({ path }) => tools(path["*"]))
      .handleRaw("register", ({ request }) => register(request, scope), whole)
      .handleRaw("toggle", ({ path, request }) => toggle(request, path["*"], scope), whole)
      .handleRaw("edit", ({ path, request }) => edit(request, path["*"], scope), whole)
      .handle("remove", ({ path }) => remove(path["*"]), whole)
      .handle("delete", ({ path }) => remove(path["*"]), whole)
      .handle("refresh", ({ path }) => refresh(path["*"], scope), whole)
  )
)
