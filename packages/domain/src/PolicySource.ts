/**
 * **PolicySource** port: the text of the access policy at rest, as administrators write it. Layers live in `@mcpgw/store`
 * (SQL) and beside this tag (memory). Never reads what the text says; `@mcpgw/policy` does, before and after.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/** The place where the text is kept did not answer. Whoever holds a policy goes on holding it. */
export class PolicySourceUnavailable extends Schema.TaggedError<PolicySourceUnavailable>()("PolicySourceUnavailable", {
  cause: Schema.Defect
}) {
  override get message(): string {
    return "The policy's store can not be reached; the policy in force goes on, changes are refused"
  }
}

/** The newest text is another than the one that was to be replaced. */
export class PolicySourceMoved extends Schema.TaggedError<PolicySourceMoved>()("PolicySourceMoved", {
  /** The newest revision; 0 when there is none. */
  newest: Schema.Number
}) {
  override get message(): string {
    return `The newest policy is revision ${this.newest}: somebody else wrote it meanwhile`
  }
}

/** A text as it was written. */
export interface PolicyRevision {
  readonly text: string
  /** From 1 upwards, one more or further with each write; a number is never given twice. */
  readonly revision: number
}

export interface PolicySourceApi {
  /** The newest text; undefined when none was ever written. */
  readonly read: Effect.Effect<PolicyRevision | undefined, PolicySourceUnavailable>
  /**
   * Keeps `text` as the newest and answers its revision. Takes any text, a broken one too: the caller judges it first.
   * @param by who wrote it, such as a username; for the record only
   */
  readonly write: (text: string, by: string) => Effect.Effect<number, PolicySourceUnavailable>
  /** As `write`, when the newest revision is still `after` (0: none was ever written); else nothing is written. */
  readonly replace: (
    text: string,
    by: string,
    after: number
  ) => Effect.Effect<number, PolicySourceMoved | PolicySourceUnavailable>
  /**
   * The newest revision this process knows of, if any, then each one it writes, rising. Whoever reads upon each misses
   * nothing, however late it came. Of what other processes write the newest is told here when this one learns of it.
   */
  readonly changes: Stream.Stream<number>
}

export class PolicySource extends Context.Tag("@mcpgw/domain/PolicySource")<PolicySource, PolicySourceApi>() {
  /** Lives and dies with the process; begins with `text`, when given, as revision 1. */
  static layerMemory(text?: string): Layer.Layer<PolicySource> {
    return Layer.scoped(PolicySource, makeMemory(text))
  }
}

const makeMemory = (text: string | undefined) =>
  Effect.gen(function* () {
    const published = yield* Effect.acquireRelease(PubSub.unbounded<number>({ replay: 1 }), PubSub.shutdown)
    let newest: PolicyRevision | undefined
    const write = (next: string): Effect.Effect<number> =>
      Effect.suspend(() => {
        const revision = (newest?.revision ?? 0) + 1
        newest = { text: next, revision }
        return Effect.as(PubSub.publish(published, revision), revision)
      }).pipe(Effect.uninterruptible)
    if (text !== undefined) yield* write(text)
    return {
      read: Effect.sync(() => newest),
      write,
      replace: (next: string, _by: string, after: number) =>
        Effect.suspend(() => {
          const held = newest?.revision ?? 0
          return held === after ? write(next) : Effect.fail(new PolicySourceMoved({ newest: held }))
        }),
      changes: Stream.fromPubSub(published)
    }
  })
