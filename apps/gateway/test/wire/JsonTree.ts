/**
 * JSON as a tree in which a key may stand twice and a value may be any text, and its writer, which can spell keys with escapes. For
 * tests only.
 */

/** A text to write as it is, such as a number no `number` holds. */
export interface Raw {
  readonly raw: string
}

export interface Member {
  readonly key: string
  readonly value: Node
  /** Write the key with its first letters escaped. */
  readonly escaped?: boolean
}

export interface Obj {
  readonly members: ReadonlyArray<Member>
}

export type Node = string | number | boolean | null | Raw | Obj | ReadonlyArray<Node>

export const obj = (members: Readonly<Record<string, Node | undefined>>): Obj => ({
  members: Object.entries(members).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]))
})

export const isObj = (node: Node): node is Obj => typeof node === "object" && node !== null && "members" in node

/** Changes one object of a tree, found by counting round. */
export const atObject = (tree: Node, which: number, change: (found: Obj) => Node): Node => {
  const count = objects(tree)
  let left = count === 0 ? -1 : which % count
  const walk = (node: Node): Node => {
    if (Array.isArray(node)) return node.map(walk)
    if (!isObj(node)) return node
    if (left-- === 0) return change(node)
    return { members: node.members.map((member) => ({ ...member, value: walk(member.value) })) }
  }
  return walk(tree)
}

const objects = (node: Node): number =>
  Array.isArray(node)
    ? node.reduce((sum, one) => sum + objects(one), 0)
    : isObj(node)
      ? node.members.reduce((sum, { value }) => sum + objects(value), 1)
      : 0

/** Changes one member of an object. */
export const atMember = (found: Obj, which: number, change: (member: Member) => ReadonlyArray<Member>): Obj => ({
  members: found.members.flatMap((member, i) => (i === which % found.members.length ? change(member) : [member]))
})

const escaped = (text: string): string =>
  Array.from(text.slice(0, 3), (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")

const key = ({ key, escaped: hidden }: Member): string =>
  hidden === true && /^\w{3}/.test(key)
    ? `"${escaped(key)}${JSON.stringify(key.slice(3)).slice(1)}`
    : JSON.stringify(key)

/** Writes a tree with this white space around everything. */
export const write = (node: Node, gap: string): string => {
  const around = (text: string): string => gap + text + gap
  if (Array.isArray(node)) return around(`[${node.map((one) => write(one, gap)).join(",")}]`)
  if (isObj(node)) {
    return around(
      `{${node.members.map((member) => `${gap}${key(member)}${gap}:${write(member.value, gap)}`).join(",")}}`
    )
  }
  if (typeof node === "object" && node !== null && "raw" in node) return around(node.raw)
  return around(JSON.stringify(node))
}
