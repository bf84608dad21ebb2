/** Joins the servers' group to what answers it. Changes run whole: neither a client that leaves nor a shutdown cuts them. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { Api } from "@mcpgw/api/Api"
import * as Effect from "effect/Effect"
import { rate, rating } from "./ratingHandlers.ts"
import { edit, refresh, register, remove, toggle } from "./serverChanges.ts"
import { create, del, get, patch, put } from "./serverDocument.ts"
import { list } from "./serverList.ts"
import { details, tools } from "./serverReads.ts"
import { readmitted } from "./received.ts"

const whole = { uninterruptible: true }

/** Health checks it starts end with the layer's scope. */
export const layer = HttpApiBuilder.group(Api, "servers", (handlers) =>
  Effect.map(Effect.scope, (scope) =>
    handlers
      .handle("list", ({ urlParams }) => list(urlParams))
      .handle("details", ({ path }) => details(path["*"]))
      .handle("tools", ({ path }) => tools(path["*"]))
      .handleRaw("create", ({ request }) => readmitted(request, create(request, scope)), whole)
      .handleRaw("get", ({ path, request }) => get(request, path["*"]))
      .handleRaw("put", ({ path, request }) => readmitted(request, put(request, path["*"], scope)), whole)
      .handleRaw("patch", ({ path, request }) => readmitted(request, patch(request, path["*"], scope)), whole)
      .handleRaw("rate", ({ path, request }) => readmitted(request, rate(request, path["*"])), whole)
      .handle("rating", ({ path }) => rating(path["*"]))
      .handleRaw("register", ({ request }) => readmitted(request, register(request, scope)), whole)
      .handleRaw("toggle", ({ path, request }) => readmitted(request, toggle(request, path["*"], scope)), whole)
      .handleRaw("edit", ({ path, request }) => readmitted(request, edit(request, path["*"], scope)), whole)
      .handle("remove", ({ path }) => remove(path["*"]), whole)
      .handle("delete", ({ path, request }) => del(request, path["*"]), whole)
      .handle("refresh", ({ path }) => refresh(path["*"], scope), whole)
  )
)
