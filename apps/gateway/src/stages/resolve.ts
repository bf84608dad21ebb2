/** resolve: path → server, health included. A route the caller has no grant on is 403, one that does not exist 404. */
import type { Claims, Principal } from "@mcpgw/domain/Principal"
import type { Leg, Target } from "@mcpgw/proxy/Target"
import type { Pipeline } from "../pipeline.ts"
import { noGrant, notFound, type Refusal, unavailable, wrongLegMethod } from "../refusals.ts"
import type { RequestContext } from "../RequestContext.ts"
import { metadataOf } from "./auth.ts"
import type { Trail } from "../Settle.ts"

export const resolveTarget = (
  pipeline: Pipeline,
  ctx: RequestContext,
  trail: Trail,
  principal: Principal
): Target | Refusal => {
  const found = pipeline.router.resolve(ctx.pathname)
  if (found._tag === "NotFound") return notFound(ctx.pathname)
  trail.server = found.server
  const { path } = found.server.record
  const policy = pipeline.policy.current()
  const { claims } = principal
  if (!policy.hasGrant(claims, path)) {
    const { rule } = policy.decide(claims, { server: path, method: "initialize", tool: undefined })
    return noGrant(path.slice(1), rule, {
      resourceMetadata: metadataOf(pipeline, ctx),
      scope: isNarrowed(claims) ? policy.grantingScopes(path) : []
    })
  }
  if (found._tag === "Unavailable") return unavailable(path.slice(1), found.reason)
  const only = METHODS[found.leg]
  return only === undefined || ctx.method === only ? found : wrongLegMethod(only)
}

/** The client asked for less than the person has: only then can asking again help. */
const isNarrowed = ({ method, groups, scopes }: Claims): boolean =>
  method === "oauth" && groups.length === 0 && scopes.length > 0

/** The two endpoints of HTTP+SSE take one method each. */
const METHODS: Readonly<Record<Leg, string | undefined>> = { mcp: undefined, sse: "GET", messages: "POST" }
