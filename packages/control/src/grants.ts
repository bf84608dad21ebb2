/** Who may hand out what outlives a request: administrators who signed in (`signIn.ts`). Hands out nothing itself. */
import { Forbidden, problem } from "@mcpgw/api/ApiError"
import * as Effect from "effect/Effect"
import { type Caller, caller } from "./access.ts"
import { noteGroup } from "./groupAccess.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { signedIn } from "./signIn.ts"

const notAdmin = new Forbidden(problem("Administrators only", "This takes the scope mcp-registry-admin"))

/** The caller, who must be an administrator. `rule` is what the audit record says. */
export const administrator = (rule: string) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = rule
    const who = yield* caller
    if (!who.isAdmin) return yield* notAdmin
    return who
  })

/** The same, who must have signed in: for what gives somebody more than they had. `name`: whose, for the record. */
export const grantor = (rule: string, what: string, name?: string) =>
  Effect.gen(function* () {
    const who: Caller = yield* administrator(rule)
    const trail = yield* noteGroup(rule, name)
    yield* signedIn(who.claims, what)
    trail.decision = "allow"
    return who
  })
