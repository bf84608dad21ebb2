/** Where a browser may be sent after signing in: a path of our own origin, and nothing that a browser would take for another. Pure. */

const MAX_LENGTH = 2_048

/** The path, with its query; undefined for anything else. */
export const returnPath = (publicUrl: string, value: string): string | undefined => {
  if (value.length > MAX_LENGTH || !value.startsWith("/") || value.includes("//")) return undefined
  // Browsers read `\` as `/`, and drop tabs and line ends.
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(value)) return undefined
  const url = URL.parse(value, publicUrl)
  return url?.origin === new URL(publicUrl).origin && !url.pathname.startsWith("//") ? value : undefined
}
