/** Under which key a server stands in the tables. `@mcpgw/domain/Ids` has the same rule, but brings a schema library along. */

const SLASH = 47

/** `/` and the name without the slashes around it, so that `currenttime/` and `/currenttime` are one server. */
export const serverKey = (name: string): string => {
  let end = name.length
  while (end > 0 && name.charCodeAt(end - 1) === SLASH) end--
  let start = 0
  while (start < end && name.charCodeAt(start) === SLASH) start++
  return start === 1 && end === name.length ? name : `/${name.slice(start, end)}`
}
