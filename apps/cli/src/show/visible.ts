/**
 * The one way out to a terminal: whatever could move its cursor, retitle it, fill its clipboard, hide a link or turn the direction of writing is
 * shown as `\u001b` instead of obeyed. In JSON that is the same text, so that what is piped stays what it was. Text to text.
 */

/** The codes of colours alone. */
export const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g")

/** Control characters but the tab and the line's end, and what nobody sees; two joiners are letters' parts in some scripts. */
const UNSAFE = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const escaped = (found: string): string =>
  Array.from({ length: found.length }, (_, i) => `\\u${found.charCodeAt(i).toString(16).padStart(4, "0")}`).join("")

/** Line ends of any kind become the terminal's own. */
export const visible = (text: string): string => text.replaceAll("\r\n", "\n").replaceAll(UNSAFE, escaped)

/** The same for our own help, whose colours stay. */
export const visibleInColour = (text: string): string => {
  const colours = text.match(COLOUR) ?? []
  return text
    .split(COLOUR)
    .map((part, i) => `${visible(part)}${colours[i] ?? ""}`)
    .join("")
}
