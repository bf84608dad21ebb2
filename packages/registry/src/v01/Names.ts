/**
 * Names of the official registry protocol and paths of the gateway, one from the other (contracts.md §2.15, R-11), and the order entries are
 * listed in. Pure.
 */
import { createHash } from "node:crypto"

/** Namespace of servers that were registered here and not published under a name of their own. */
export const NAMESPACE = "io.mcpgateway"

const LONGEST_NAME = 200

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 8)

/**
 * `io.mcpgateway/{path}`. A name has one slash, so those within the path become `..`; of paths this would not tell apart, or that are too
 * long, the name ends in a digest of the path.
 */
export const nameOfPath = (path: string): string => {
  const bare = path.replace(/^\/+|\/+$/g, "")
  const name = `${NAMESPACE}/${bare.replace(/\//g, "..").replace(/~/g, "_")}`
  if (!/~|\.\./.test(bare) && name.length <= LONGEST_NAME) return name
  return `${name.slice(0, LONGEST_NAME - 9)}-${hashOf(bare)}`
}

/**
 * Where a server published as `name` is, or is to be: the name with its `/` as `-`. One of our own namespace is where it was registered,
 * unless the path was shortened in the name, which only a look at the servers tells.
 */
export const pathOfName = (name: string): string => {
  const [namespace = "", own = ""] = name.split("/", 2)
  const words = namespace === NAMESPACE ? own.replace(/\.\./g, "/") : `${namespace}-${own}`
  return `/${words
    .split("/")
    .map((segment) => segment.replace(/^[^A-Za-z0-9]+/, "").replace(/\.+$/, ""))
    .filter((segment) => segment !== "")
    .join("/")}`
}

const hex = (text: string): string => Buffer.from(text, "utf8").toString("hex")

/**
 * Entries are listed by this: name, then version, byte by byte. In hexadecimal, since every database and collation orders digits and `a` to `f`
 * alike.
 */
export const sortKey = (name: string, version: string): string => `${hex(name)}00${hex(version)}`

/** Cursors are `name:version`, or a name alone as the replaced system's: after every version of it. */
export const keyOfCursor = (cursor: string): string => {
  const colon = cursor.indexOf(":")
  return colon === -1 ? `${hex(cursor)}01` : sortKey(cursor.slice(0, colon), cursor.slice(colon + 1))
}

export const cursorOf = (entry: { readonly name: string; readonly version: string }): string =>
  `${entry.name}:${entry.version}`
