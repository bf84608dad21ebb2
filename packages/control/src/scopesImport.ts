/**
 * The replaced system's `scopes.yml`, for one who administers: read by the policy's own reader, told about, and, when that is asked for by one who
 * signed in, put in force through the policy's own writer. Never so that whoever does it is an administrator no more.
 */
import { BadRequest, fieldProblem } from "@mcpgw/api/ApiError"
import type { ScopesMode, ScopesReport } from "@mcpgw/api/Import"
import { compile } from "@mcpgw/policy/compile"
import { InvalidPolicy } from "@mcpgw/policy/InvalidPolicy"
import type { PolicyDocument } from "@mcpgw/policy/PolicyDocument"
import { PolicyError } from "@mcpgw/policy/PolicyError"
import { mergePolicies, policyChanges, type PolicyChanges } from "@mcpgw/policy/PolicyMerge"
import { parsePolicyText } from "@mcpgw/policy/PolicyText"
import { PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import * as Effect from "effect/Effect"
import type { Caller } from "./access.ts"
import { documentNow } from "./groupChanges.ts"
import { keepsAdministrator, policyFailures } from "./policyFailures.ts"
import { signedIn } from "./signIn.ts"

/** What is to be done with the text. */
export interface ScopesWish {
  readonly text: string
  /** Absent: it is told about. */
  readonly mode: ScopesMode | undefined
  readonly dryRun: boolean
}

/** A text as it was read, or why it is none. */
type Read = PolicyDocument | InvalidPolicy

const readText = (text: string, source: string): Read => {
  try {
    return parsePolicyText(text, source)
  } catch (cause) {
    // Anything else is a defect, and is answered as one.
    if (!(cause instanceof InvalidPolicy)) throw cause
    return cause
  }
}

/** What was found, and what it did or would do to the policy. */
export interface ScopesDone {
  readonly read: Read
  readonly mode: ScopesMode | undefined
  readonly applied: boolean
  readonly changes: PolicyChanges | undefined
}

/** What holds before and after. */
interface Step {
  readonly before: PolicyDocument
  readonly after: PolicyDocument
}

/** The file and nothing else, in the place of the text that was read for it. */
const replaced = (who: Caller, after: PolicyDocument, text: string) =>
  Effect.gen(function* () {
    yield* keepsAdministrator(who, after)
    const writer = yield* PolicyWriter
    const { revision, text: held } = yield* writer.read
    const before = readText(held, "The policy")
    if (before instanceof InvalidPolicy) return yield* new PolicyError(before)
    if (held !== text) yield* writer.write(text, { by: who.claims.username, revision })
    return { before, after } satisfies Step
  }).pipe(Effect.catchTags(policyFailures))

/** The file's entries beside those that are there, in the place of any of the same name. */
const merged = (who: Caller, over: PolicyDocument) =>
  Effect.gen(function* () {
    const writer = yield* PolicyWriter
    let before: PolicyDocument | undefined
    const after = yield* writer.change(who.claims.username, (base) => {
      before = base
      return keepsAdministrator(who, mergePolicies(base, over))
    })
    return { before: before ?? after, after } satisfies Step
  }).pipe(Effect.catchTags(policyFailures))

/** What either would do. */
const tried = (who: Caller, mode: ScopesMode, read: PolicyDocument) =>
  Effect.gen(function* () {
    const before = yield* documentNow
    const after = yield* keepsAdministrator(who, mode === "merge" ? mergePolicies(before, read) : read)
    return { before, after } satisfies Step
  })

const notRead = ({ message }: InvalidPolicy) =>
  new BadRequest(fieldProblem("scopes", "a text that is no policy", `it must be one to be put in force: ${message}`))

/** Reads, and puts in force what is asked for. All or nothing. */
export const importScopes = (who: Caller, { dryRun, mode, text }: ScopesWish) =>
  Effect.gen(function* () {
    const read = readText(text, "scopes.yml")
    if (mode === undefined) return { read, mode, applied: false, changes: undefined } satisfies ScopesDone
    if (read instanceof InvalidPolicy) return yield* notRead(read)
    if (!dryRun) yield* signedIn(who.claims, "change the policy")
    const doing = mode === "merge" ? merged(who, read) : replaced(who, read, text)
    const { after, before } = yield* dryRun ? tried(who, mode, read) : doing
    const done: ScopesDone = { read, mode, applied: !dryRun, changes: policyChanges(before, after) }
    return done
  })

/** What is told of it. `isServer`: is something registered at that path? */
export const scopesReport = (
  { applied, changes, mode, read }: ScopesDone,
  isServer: (path: string) => boolean
): ScopesReport => {
  const told = { mode: mode ?? null, applied, changes: changes ?? null }
  return read instanceof InvalidPolicy
    ? { valid: false, group_mappings: 0, scopes: 0, problem: read.message, doubts: [], ...told }
    : {
        valid: true,
        group_mappings: read.groupMappings.size,
        scopes: read.scopes.size,
        problem: null,
        doubts: compile(read).doubts(isServer),
        ...told
      }
}
