/**
 * The replaced system's `scopes.yml`, for one who administers: read by the policy's own reader, told about, and, when that is asked for by one who
 * signed in, put in force through the policy's own writer. Never so that whoever does it is an administrator no more.
 */
import { BadRequest, fieldProblem } from "@mcpgw/api/ApiError"
import type { ScopesReport } from "@mcpgw/api/Import"
import { compile } from "@mcpgw/policy/compile"
import { InvalidPolicy } from "@mcpgw/policy/InvalidPolicy"
import type { PolicyDocument } from "@mcpgw/policy/PolicyDocument"
import { mergePolicies, policyChanges, type PolicyChanges } from "@mcpgw/policy/PolicyMerge"
import { parsePolicyText } from "@mcpgw/policy/PolicyText"
import { PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import * as Effect from "effect/Effect"
import type { Caller } from "./access.ts"
import { keepsAdministrator, policyFailures, readFailures } from "./policyFailures.ts"
import { signedIn } from "./signIn.ts"

/** `merge`: the file's entries beside those that are there, in the place of any of the same name; `replace`: the file and nothing else. */
export type ScopesMode = "merge" | "replace"

/** What is to be done with the text. */
export interface ScopesWish {
  readonly text: string
  /** Absent: it is told about. */
  readonly mode: ScopesMode | undefined
  readonly dryRun: boolean
}

/** A text as it was read, or why it is none. */
type Read = PolicyDocument | InvalidPolicy

const readText = (text: string): Read => {
  try {
    return parsePolicyText(text, "scopes.yml")
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

const replaced = (who: Caller, next: PolicyDocument, text: string) =>
  Effect.gen(function* () {
    yield* keepsAdministrator(who, next)
    const writer = yield* PolicyWriter
    const { revision, text: held } = yield* writer.read
    if (held !== text) yield* writer.write(text, { by: who.claims.username, revision })
  }).pipe(Effect.catchTags(policyFailures))

const merged = (who: Caller, over: PolicyDocument) =>
  Effect.flatMap(PolicyWriter, (writer) =>
    writer.change(who.claims.username, (base) => keepsAdministrator(who, mergePolicies(base, over)))
  ).pipe(Effect.catchTags(policyFailures))

const notRead = ({ message }: InvalidPolicy) =>
  new BadRequest(fieldProblem("scopes", "a text that is no policy", `it must be one to be put in force: ${message}`))

/** Reads, and puts in force what is asked for. All or nothing. */
export const importScopes = (who: Caller, { dryRun, mode, text }: ScopesWish) =>
  Effect.gen(function* () {
    const read = readText(text)
    if (mode === undefined) return { read, mode, applied: false, changes: undefined } satisfies ScopesDone
    if (read instanceof InvalidPolicy) return yield* notRead(read)
    if (!dryRun) yield* signedIn(who.claims, "change the policy")
    const before = yield* Effect.flatMap(PolicyWriter, (writer) => writer.document).pipe(Effect.catchTags(readFailures))
    const after = mode === "merge" ? mergePolicies(before, read) : read
    if (dryRun) yield* keepsAdministrator(who, after)
    else yield* mode === "merge" ? merged(who, read) : replaced(who, read, text)
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
