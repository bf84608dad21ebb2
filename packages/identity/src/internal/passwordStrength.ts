/** Which passwords are too weak to be kept. Pure; never repeats the password. */

/** Shortest password that is taken, in characters. */
export const MIN_PASSWORD_LENGTH = 12

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

/** What is wrong with it, as the rest of a sentence; undefined when nothing is. */
export const weakness = (username: string, password: string): string | undefined => {
  const lower = password.toLowerCase()
  if (password.length < MIN_PASSWORD_LENGTH) return "is too short"
  if (password.length > 1_024) return "is too long"
  if (lower === username.toLowerCase()) return "is the username"
  if (new Set(lower).size < 4) return "repeats a few characters"
  if (/^\d+$/.test(lower) || COMMON.has(lower.replace(/[^a-z]+$/, ""))) return "is a common password"
  return undefined
}
