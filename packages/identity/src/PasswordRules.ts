/** What a password chosen by a person may be. Pure; never repeats the password. */

/** Shortest password, in characters. */
export const MIN_PASSWORD_LENGTH = 12

/** Passwords longer than this are refused, in characters. */
export const MAX_PASSWORD_LENGTH = 1_024

/** Long enough and still guessed first. Compared without digits and punctuation at the end, in lower case. */
const COMMON: ReadonlySet<string> = new Set([
  "password",
  "passwordpassword",
  "adminpassword",
  "administrator",
  "adminadminadmin",
  "changeme",
  "changemechangeme",
  "changemeplease",
  "letmeinletmein",
  "correcthorsebatterystaple",
  "qwertyuiop",
  "qwertyuiopasdfghjkl",
  "iloveyouiloveyou",
  "welcomewelcome",
  "your-secure-password",
  "your-admin-password",
  "yoursecurepassword",
  "mcpgwadmin",
  "mcp-gateway-admin"
])

/** Why this is no password for that person, as the rest of a sentence; undefined when it is one. */
export const weakness = (username: string, password: string): string | undefined => {
  const lower = password.toLowerCase()
  if (password.length < MIN_PASSWORD_LENGTH) return "is too short"
  if (password.length > MAX_PASSWORD_LENGTH) return "is too long"
  if (lower === username.toLowerCase()) return "is the username"
  if (new Set(lower).size < 4) return "repeats a few characters"
  if (/^\d+$/.test(lower) || COMMON.has(lower.replace(/[^a-z]+$/, ""))) return "is a common password"
  return undefined
}
