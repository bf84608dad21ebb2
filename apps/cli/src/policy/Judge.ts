/**
 * **Judge** — who says what a policy decides: the gateway, by the policy that is in force there, or a file, by the gateway's own engine. Decides
 * nothing itself.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpClient from "@effect/platform/HttpClient"
import type { PolicyExplanation } from "@mcpgw/api/PolicyExplain"
import type { Access } from "@mcpgw/domain/Decision"
import type { Subject } from "@mcpgw/policy/Policy"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Logins } from "../connect/Logins.ts"
import type { Globals } from "../connect/options.ts"
import { credential, Session, urlOf } from "../connect/Session.ts"
import { denied, type Failure, failureOf, usage } from "../Failure.ts"
import { readPolicy } from "./file.ts"

export type Explanation = typeof PolicyExplanation.Type

export interface JudgeApi {
  /** Who judges, as people are told: the two may decide differently. */
  readonly source: string
  readonly explain: (subject: Subject, access: Access) => Effect.Effect<Explanation, Failure>
}

export interface Asked extends Globals {
  readonly scopesFile: Option.Option<string>
  readonly gateway: boolean
}

/** Of a checkout. */
const USUAL = "data/scopes.yml"

type Needs = FileSystem.FileSystem | HttpClient.HttpClient | Logins

export class Judge extends Context.Tag("@mcpgw/cli/Judge")<Judge, JudgeApi>() {
  /** `note`: what else there is to say of that file. */
  static readonly layerFile = (file: string, note = ""): Layer.Layer<Judge, Failure, FileSystem.FileSystem> =>
    Layer.effect(
      Judge,
      Effect.map(readPolicy(file), (policy) => ({
        source: `${file}${note}`,
        explain: (subject, access) => {
          const { scope, ...rest } = policy.explain(subject, access)
          return Effect.succeed({ ...rest, ...(scope === undefined ? {} : { scope }) })
        }
      }))
    )

  static readonly layerGateway: Layer.Layer<Judge, never, Session> = Layer.effect(
    Judge,
    Effect.map(Session, ({ api, url }) => ({
      source: `the gateway at ${url}`,
      explain: ({ groups, scopes }, { method, server, tool }) =>
        api.policy
          .explain({ payload: { groups, scopes, server, method, ...(tool === undefined ? {} : { tool }) } })
          .pipe(Effect.mapError(refusal))
    }))
  )

  static readonly layer = (asked: Asked): Layer.Layer<Judge, Failure, Needs> => Layer.unwrapEffect(chosen(asked))
}

const refusal = (error: unknown): Failure => {
  const failure = failureOf(error) ?? usage(String(error))
  return failure.kind === "denied"
    ? denied(failure.problem, "administrators may ask; --scopes FILE is judged here, by that file")
    : failure
}

/** A file that is named; else the gateway one is signed in to, or has a token for; else a checkout's file. */
const chosen = (asked: Asked) =>
  Effect.gen(function* () {
    const { gateway, scopesFile } = asked
    if (Option.isSome(scopesFile))
      return gateway ? yield* usage("--gateway and --scopes are both set") : Judge.layerFile(scopesFile.value)
    const url = yield* urlOf(asked)
    const isKnown = Object.keys(yield* credential(url, asked)).length > 0
    if (gateway || isKnown) return Layer.provide(Judge.layerGateway, Session.layer(asked))
    const fs = yield* FileSystem.FileSystem
    if (!(yield* Effect.orElseSucceed(fs.exists(USUAL), () => false)))
      return yield* usage(
        `No policy to judge by: nobody is signed in to ${url}, and there is no ${USUAL} here`,
        "sign in with `mcpgw login`, or name a file by --scopes"
      )
    return Judge.layerFile(USUAL, `; nobody is signed in to ${url}, whose policy may be another`)
  })
