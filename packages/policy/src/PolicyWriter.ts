/**
 * **PolicyWriter** — changes the policy's text where it is kept, and has it take effect in this process before it answers. A text is validated
 * before it is written and is never half there. Asks for nobody's right: callers do. Layers: `layerFile` (PolicyWriterFile.ts), `layerStore`.
 */
import { PolicySource, type PolicySourceApi } from "@mcpgw/domain/PolicySource"
import { makeTurns } from "@mcpgw/domain/Turns"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { InvalidPolicy } from "./InvalidPolicy.ts"
import type { PolicyDocument } from "./PolicyDocument.ts"
import { PolicyError } from "./PolicyError.ts"
import { rewritePolicyText } from "./PolicyRewrite.ts"
import { parsePolicyText } from "./PolicyText.ts"
import { PolicyChanged, PolicyReadOnly, PolicyUnavailable, type PolicyWriteError } from "./PolicyWriteError.ts"
import { ScopePolicy, type ScopePolicyApi } from "./ScopePolicy.ts"
import { compileWith } from "./ScopePolicyLayers.ts"

/** A text, and what tells it from the one before and after it. */
export interface PolicyDraft {
  readonly text: string
  /** Opaque; differs for every other text. */
  readonly revision: string
}

export interface WriteOptions {
  /** Who writes, such as a username; for the record only. */
  readonly by: string
  /** The revision that is to be replaced. */
  readonly revision: string
}

export interface PolicyWriterApi {
  readonly read: Effect.Effect<PolicyDraft, PolicyUnavailable>
  /** Replaces the whole text; answers its new revision. In force in this process when it answers. */
  readonly write: (text: string, options: WriteOptions) => Effect.Effect<string, PolicyError | PolicyWriteError>
  /**
   * Changes what the text says and keeps the rest of it; one change at a time in this process, tried again when somebody else was quicker. A
   * change that changes nothing writes nothing. Answers the document that now holds.
   */
  readonly change: <E, R>(
    by: string,
    edit: (document: PolicyDocument) => Effect.Effect<PolicyDocument, E, R>
  ) => Effect.Effect<PolicyDocument, E | PolicyError | PolicyWriteError, R>
  /** What the text says now. */
  readonly document: Effect.Effect<PolicyDocument, PolicyError | PolicyUnavailable>
}

export class PolicyWriter extends Context.Tag("@mcpgw/policy/PolicyWriter")<PolicyWriter, PolicyWriterApi>() {
  /** Over a policy that can not be changed: reads `text`, refuses every write. */
  static layerReadOnly(text: string): Layer.Layer<PolicyWriter, never, ScopePolicy> {
    const refuse = new PolicyReadOnly({ source: "The policy", problem: "is fixed and can not be changed" })
    return Layer.effect(
      PolicyWriter,
      makeWriter({ source: "policy", read: Effect.succeed({ text, revision: "fixed" }), replace: () => refuse })
    )
  }

  /** A new revision in the `PolicySource` for each change. `defaultText` is what holds while nothing was written. */
  static layerStore(
    options: { readonly defaultText?: string } = {}
  ): Layer.Layer<PolicyWriter, never, PolicySource | ScopePolicy> {
    return Layer.effect(
      PolicyWriter,
      Effect.flatMap(PolicySource, (source) => makeWriter(storeBackend(source, options.defaultText ?? "{}\n")))
    )
  }
}

/** Where a text is kept. */
export interface Backend {
  /** As errors call it. */
  readonly source: string
  readonly read: Effect.Effect<PolicyDraft, PolicyUnavailable>
  /** Fails with `PolicyChanged` when what is there is not `options.revision` any more. Whole or not at all. */
  readonly replace: (text: string, options: WriteOptions) => Effect.Effect<string, PolicyWriteError>
}

/** Somebody else's write between our read and ours is met with another try; an edit that goes on and on is not. */
const TRIES = Schedule.recurs(3)

const policyError = ({ field, problem, source }: InvalidPolicy): PolicyError =>
  new PolicyError({ source, field, problem })

const parsed = (text: string, source: string): Effect.Effect<PolicyDocument, PolicyError> =>
  attempt(() => parsePolicyText(text, source))

const attempt = <A>(make: () => A): Effect.Effect<A, PolicyError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(make())
    } catch (cause) {
      if (!(cause instanceof InvalidPolicy)) throw cause
      return Effect.fail(policyError(cause))
    }
  })

/** The service over a place for the text; `ScopePolicy` must read from the same one. */
export const makeWriter = (backend: Backend): Effect.Effect<PolicyWriterApi, never, ScopePolicy> =>
  Effect.gen(function* () {
    const policy = yield* ScopePolicy
    const inTurn = makeTurns()
    const put = (text: string, options: WriteOptions) =>
      Effect.gen(function* () {
        yield* compileWith(() => parsePolicyText(text, backend.source))
        const revision = yield* backend.replace(text, options)
        yield* takeEffect(policy, backend.source)
        return revision
      }).pipe(Effect.uninterruptible)
    const document = Effect.flatMap(backend.read, ({ text }) => parsed(text, backend.source))
    return {
      read: backend.read,
      document,
      write: (text, options) => inTurn(put(text, options)),
      change: (by, edit) =>
        Effect.gen(function* () {
          const { revision, text } = yield* backend.read
          const before = yield* parsed(text, backend.source)
          const after = yield* edit(before)
          if (after === before) return before
          const next = yield* attempt(() => rewritePolicyText(text, before, after, backend.source))
          if (next !== text) yield* put(next, { by, revision })
          return after
        }).pipe(Effect.retry({ schedule: TRIES, while: (error) => error instanceof PolicyChanged }), inTurn)
    }
  })

/** What was validated and written is taken; anything else is told, not hidden. */
const takeEffect = (policy: ScopePolicyApi, source: string) =>
  Effect.mapError(
    policy.reload,
    ({ field, problem }) =>
      new PolicyUnavailable({
        source,
        problem: `was written, but not taken yet: ${field === "" ? "" : `${field}: `}${problem}`
      })
  )

const SOURCE = "The stored policy"

const unavailable = () => new PolicyUnavailable({ source: SOURCE, problem: "can not be reached" })

const storeBackend = (source: PolicySourceApi, defaultText: string): Backend => ({
  source: SOURCE,
  read: Effect.mapBoth(source.read, {
    onFailure: unavailable,
    onSuccess: (found) =>
      found === undefined
        ? { text: defaultText, revision: "0" }
        : { text: found.text, revision: String(found.revision) }
  }),
  replace: (text, { by, revision }) =>
    source.replace(text, by, Number(revision)).pipe(
      Effect.map(String),
      Effect.catchTags({
        PolicySourceUnavailable: unavailable,
        PolicySourceMoved: () => new PolicyChanged({ source: SOURCE })
      })
    )
})
