/**
 * The provider's part of a group's making and deletion, as an answer and never an error: the policy's part is done by then. Deletes no group that was
 * not made from here.
 */
import type { DirectoryFailure } from "@mcpgw/identity/DirectoryError"
import { GroupDirectory, type GroupDirectoryApi } from "@mcpgw/identity/GroupDirectory"
import * as Effect from "effect/Effect"

export interface Part {
  readonly done: boolean
  /** The provider did not do what it was asked. */
  readonly failed: boolean
  /** What was not done, and what to do about it. */
  readonly problem: string | undefined
}

/** Nothing was asked of the provider. */
export const untouched: Part = { done: false, failed: false, problem: undefined }

const done: Part = { ...untouched, done: true }
const left = (problem: string): Part => ({ ...untouched, problem })

/** `madeUp`: how a failure is. */
const inDirectory = (
  name: string,
  madeUp: string,
  act: (directory: GroupDirectoryApi) => Effect.Effect<Part, DirectoryFailure>
) =>
  Effect.gen(function* () {
    const directory = yield* GroupDirectory
    if (directory.name === undefined) return untouched
    return yield* Effect.catchAll(act(directory), ({ message }) =>
      Effect.as(Effect.logWarning(`The group ${name} is not in step with ${directory.name}: ${message}`), {
        done: false,
        failed: true,
        problem: `${directory.name} was not changed: ${message}. ${madeUp}`
      })
    )
  })

export const createThere = (name: string, description: string) =>
  inDirectory(name, "Send the same again when that is mended.", (directory) =>
    Effect.map(directory.create(name, description), (isNew) =>
      isNew
        ? done
        : left(
            `${directory.name} had a group of that name, which was left as it is: whoever is in it has what the group opens here.`
          )
    )
  )

/** A deleted group is one that the policy names no more, so it takes more than the same again. */
export const removeThere = (name: string) =>
  inDirectory(
    name,
    "Delete the group there; or, when that is mended, name it in the policy again, with POST /api/groups, and delete it once more.",
    (directory) =>
      Effect.map(directory.remove(name), (removal) => {
        if (removal === "removed") return done
        if (removal === "absent") return untouched
        return left(
          `The group of that name in ${directory.name} was not made from here and is left there: who wants it gone deletes it there.`
        )
      })
  )
