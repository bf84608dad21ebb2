/** Why a file could not be read or written, in a few words; the system's own are a line for developers. */
import type { PlatformError } from "@effect/platform/Error"

const WORDS: Readonly<Record<string, string>> = {
  NotFound: "there is no such file",
  PermissionDenied: "this account may not",
  BadResource: "it is no file"
}

export const fileProblem = (error: PlatformError): string => {
  if (error._tag === "BadArgument") return "it is no path"
  if (error.message.includes("EISDIR")) return "it is a folder"
  return WORDS[error.reason] ?? error.message
}
