/** A scopes file, compiled. */
import * as FileSystem from "@effect/platform/FileSystem"
import { fromYaml } from "@mcpgw/policy/Library"
import * as Effect from "effect/Effect"
import { usage } from "../Failure.ts"
import { fileProblem } from "../fileProblem.ts"

/** The text of a file that was named. */
export const readText = (option: string, file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.mapError(fs.readFileString(file), (error) =>
      usage(`${option} ${JSON.stringify(file)} can not be read: ${fileProblem(error)}`)
    )
  )

export const readPolicy = (file: string) =>
  Effect.flatMap(readText("--scopes", file), (text) =>
    Effect.try({
      try: () => fromYaml(text, file),
      catch: (error) => usage(error instanceof Error ? error.message : String(error))
    })
  )
