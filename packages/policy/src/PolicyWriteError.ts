/** Why a policy was not written, each in words for whoever wanted it changed. Never holds its text. */
import * as Schema from "effect/Schema"

/** The place where the policy is kept takes no writes; `problem` says why and what would help. */
export class PolicyReadOnly extends Schema.TaggedError<PolicyReadOnly>()("PolicyReadOnly", {
  source: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.source} ${this.problem}`
  }
}

/** Somebody else changed it after it was read. */
export class PolicyChanged extends Schema.TaggedError<PolicyChanged>()("PolicyChanged", { source: Schema.String }) {
  override get message(): string {
    return `${this.source} was changed by someone else meanwhile: read it again and repeat the change`
  }
}

/** It could not be read or written for now. */
export class PolicyUnavailable extends Schema.TaggedError<PolicyUnavailable>()("PolicyUnavailable", {
  source: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.source} ${this.problem}; the policy in force goes on`
  }
}

export type PolicyWriteError = PolicyReadOnly | PolicyChanged | PolicyUnavailable
