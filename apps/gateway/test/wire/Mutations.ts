/**
 * Bodies as honest, careless and hostile clients write them: messages as trees in which a key may stand twice, spelt in any way JSON
 * allows, then bent in their bytes. Everything shrinks and comes from fast-check's seed. For tests only.
 */
import * as fc from "fast-check"
import { atMember, atObject, type Member, type Node, obj, write } from "./JsonTree.ts"
import { anyJson, messages } from "./Messages.ts"

const recase = (key: string, how: number): string =>
  [
    key.toUpperCase(),
    key.charAt(0).toUpperCase() + key.slice(1),
    key.replace("s", "\u017f"),
    key.replace("k", "\u212a"),
    `${key}\u0000`,
    ` ${key}`
  ][how % 6] ?? key

const nested = (depth: number): Node => ({ raw: "[".repeat(depth) + "]".repeat(depth) })

type Bend = (tree: Node) => Node

/** Ways to bend a tree; each takes where, and how. */
const BENDS: ReadonlyArray<(where: number, how: number, value: Node) => Bend> = [
  // The same key twice, the other value before or behind, at any depth.
  (where, how, value) => (tree) =>
    atObject(tree, where, (found) =>
      atMember(found, how, (member) => {
        const other = { ...member, value, escaped: how % 3 === 0 }
        return how % 2 === 0 ? [member, other] : [other, member]
      })
    ),
  (where, how) => (tree) =>
    atObject(tree, where, (found) => atMember(found, how, (member) => [{ ...member, key: recase(member.key, how) }])),
  // The same key beside itself in another case, behind or before it.
  (where, how, value) => (tree) =>
    atObject(tree, where, (found) =>
      atMember(found, how, (member) => {
        const other = { key: recase(member.key, where + how), value }
        return where % 3 === 0 ? [other, member] : [member, other]
      })
    ),
  (where, how) => (tree) =>
    atObject(tree, where, (found) => atMember(found, how, (member) => [{ ...member, escaped: true }])),
  (where) => (tree) => atObject(tree, where, ({ members }) => ({ members: members.toReversed() })),
  (where, how, value) => (tree) =>
    atObject(tree, where, (found) => atMember(found, how, (member) => [{ ...member, value }])),
  (where, how) => (tree) => atObject(tree, where, (found) => atMember(found, how, () => [])),
  (where, how, value) => (tree) =>
    atObject(tree, where, ({ members }) => ({
      members: [...members, { key: "__proto__", value, escaped: how % 2 === 0 }]
    })),
  (where, how) => (tree) =>
    atObject(tree, where, ({ members }) => ({
      members: [...members, { key: "deep", value: nested(100 + (how % 60)) }]
    }))
]

/** Values that would matter, were they read. */
const TELLING: fc.Arbitrary<Node> = fc.oneof(
  fc.constantFrom<Node>(
    "allowed",
    "denied",
    "tools/call",
    "tools/list",
    "ping",
    null,
    1,
    [],
    { raw: "1e400" },
    { raw: "123456789012345678901234567890" }
  ),
  fc.constantFrom("allowed", "denied").map((name): Node => obj({ name, arguments: obj({}) })),
  anyJson
)

const BEND: fc.Arbitrary<Bend> = fc.tuple(fc.nat(BENDS.length - 1), fc.nat(40), fc.nat(40), TELLING).map(
  ([which, where, how, value]) =>
    (tree) =>
      BENDS[which]?.(where, how, value)(tree) ?? tree
)

/** A call of the allowed tool in which one key that decides stands again, spelt so that some parsers take it for the same. */
const TWO_FACED: fc.Arbitrary<Node> = fc
  .record({
    target: fc.constantFrom("method", "params", "name"),
    how: fc.nat(7),
    before: fc.boolean(),
    escaped: fc.boolean(),
    id: fc.constantFrom(7, undefined)
  })
  .map(({ target, how, before, escaped, id }) => {
    const other = target === "method" ? "tools/write" : target === "name" ? "denied" : obj({ name: "denied" })
    const twin: Member = { key: how > 5 ? target : recase(target, how), value: other, escaped }
    const twice = (members: Readonly<Record<string, Node | undefined>>): Node =>
      atMember(obj(members), Object.keys(members).indexOf(target), (member) =>
        before ? [twin, member] : [member, twin]
      )
    const inner = { name: "allowed", arguments: obj({}) }
    const params = target === "name" ? twice(inner) : obj(inner)
    const outer = { jsonrpc: "2.0", method: "tools/call", params, ...(id === undefined ? {} : { id }) }
    return target === "name" ? obj(outer) : twice(outer)
  })

const BODY: fc.Arbitrary<Node> = fc.oneof(
  { weight: 6, arbitrary: messages },
  { weight: 1, arbitrary: TWO_FACED },
  { weight: 1, arbitrary: fc.array(messages, { maxLength: 4 }).map((several): Node => several) },
  { weight: 1, arbitrary: anyJson }
)

type Twist = (bytes: Buffer) => Buffer

const splice = (bytes: Buffer, at: number, gone: number, more: string): Buffer =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(more, "latin1"), bytes.subarray(at + gone)])

/** Ways to twist the bytes; each takes where, and a byte. */
const TWISTS: ReadonlyArray<(where: number, byte: number) => Twist> = [
  (where, byte) => (bytes) => splice(bytes, where % (bytes.length + 1), 1, String.fromCharCode(byte)),
  (where, byte) => (bytes) => {
    const out = Buffer.from(bytes)
    const at = where % Math.max(1, out.length)
    out[at] = (out[at] ?? 0) ^ (1 << (byte % 8))
    return out
  },
  (where) => (bytes) => bytes.subarray(0, where % (bytes.length + 1)),
  () => (bytes) => splice(bytes, 0, 0, "\u00ef\u00bb\u00bf"),
  (_where, byte) => (bytes) =>
    splice(
      bytes,
      bytes.length,
      0,
      ["x", "{}", ",", "\u0000", "\n", '{"method":"ping"}', "//", "\u00c2\u00a0"][byte % 8] ?? ""
    ),
  (where, byte) => (bytes) =>
    splice(
      bytes,
      where % (bytes.length + 1),
      0,
      ["\u00c0\u00ae", "\u00ed\u00a0\u0080", "\u00ff", "\u00f5", "/**/", "\u0001", "\\", "\u00e2"][byte % 8] ?? ""
    ),
  () => (bytes) => Buffer.from(bytes.toString(), "utf16le")
]

const TWIST: fc.Arbitrary<Twist> = fc.tuple(fc.nat(TWISTS.length - 1), fc.nat(400), fc.nat(255)).map(
  ([which, where, byte]) =>
    (bytes) =>
      TWISTS[which]?.(where, byte)(bytes) ?? bytes
)

/** None in so many cases, else one to `most`. */
const some = <A>(
  arbitrary: fc.Arbitrary<A>,
  most: number,
  never: number,
  often: number
): fc.Arbitrary<ReadonlyArray<A>> =>
  fc.oneof(
    { weight: never, arbitrary: fc.constant<ReadonlyArray<A>>([]) },
    { weight: often, arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: most }) }
  )

/** A body; about a third are as a client would send them, the rest bent or twisted. */
export const bodies: fc.Arbitrary<Buffer> = fc
  .record({
    body: BODY,
    bends: some(BEND, 3, 2, 3),
    twists: some(TWIST, 2, 4, 1),
    gap: fc.constantFrom("", "", " ", "\r\n\t")
  })
  .map(({ body, bends, twists, gap }) => {
    const tree = bends.reduce<Node>((tree, bend) => bend(tree), body)
    return twists.reduce<Buffer>((bytes, twist) => twist(bytes), Buffer.from(write(tree, gap)))
  })
