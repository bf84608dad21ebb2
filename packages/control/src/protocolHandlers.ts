/** Handlers of the official registry protocol. What each does is in `protocolReads.ts` and `protocolWrites.ts`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { Api } from "@mcpgw/api/Api"
import * as Effect from "effect/Effect"
import manifest from "../package.json" with { type: "json" }
import { answered, Refused } from "./protocolAnswer.ts"
import * as reads from "./protocolReads.ts"
import * as writes from "./protocolWrites.ts"
import { readmitted } from "./received.ts"

const whole = { uninterruptible: true }

/** */
const notSupported = new Refused({
  status: 501,
  detail:
    "Exchanging tokens is not supported by this registry; /.well-known/oauth-protected-resource says where tokens are had"
})

export const layer = HttpApiBuilder.group(Api, "registryProtocol", (handlers) =>
  handlers
    .handleRaw("list", ({ urlParams }) => answered(reads.list(urlParams)))
    .handleRaw("versions", ({ path, urlParams }) =>
      answered(reads.versions(path.serverName, urlParams.include_deleted))
    )
    .handleRaw("version", ({ path, urlParams }) =>
      answered(reads.version(path.serverName, path.version, urlParams.include_deleted))
    )
    .handleRaw("publish", ({ request }) => answered(readmitted(request, writes.publish(request))), whole)
    .handleRaw(
      "edit",
      ({ path, request }) => answered(readmitted(request, writes.edit(path.serverName, path.version, request))),
      whole
    )
    .handleRaw("remove", ({ path }) => answered(writes.remove(path.serverName, path.version)), whole)
    .handleRaw(
      "status",
      ({ path, request }) => answered(readmitted(request, writes.status(path.serverName, path.version, request))),
      whole
    )
    .handleRaw(
      "allStatus",
      ({ path, request }) => answered(readmitted(request, writes.allStatus(path.serverName, request))),
      whole
    )
    .handleRaw("validate", ({ request }) => answered(writes.validate(request)))
    .handle("health", () => Effect.succeed({ status: "ok" } as const))
    .handle("ping", () => Effect.succeed({ pong: true } as const))
    .handle("about", () => Effect.succeed({ version: manifest.version }))
    .handleRaw("exchange", () => answered(notSupported))
)
