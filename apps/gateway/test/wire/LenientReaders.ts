/**
 * Ways in which careless servers read JSON: the first of two equal keys counts, the last one does, keys are matched without regard to
 * case, and in C texts also end at their first NUL. One forgiving parser of our own underneath, which shares nothing with the product's: it takes trailing garbage, a byte
 * order mark, broken UTF-8, bare control characters. What all of them read the same is safe to judge. For tests only.
 */

/** An object is its members in order, none dropped. */
export type Tree = string | number | boolean | null | ReadonlyArray<Tree> | Members

export class Members {
  readonly list: ReadonlyArray<readonly [key: string, value: Tree]>
  constructor(list: ReadonlyArray<readonly [key: string, value: Tree]>) {
    this.list = list
  }
}

/** What a server would do with a message. */
export interface Reading {
  /** Undefined when there is none: a response. */
  readonly method: string | undefined
  /** `params.name` of a `tools/call`. */
  readonly tool: string | undefined
}

type Pick = (members: Members, key: string) => Tree | undefined

const pickFirst: Pick = ({ list }, key) => list.find(([name]) => name === key)?.[1]

const pickLast: Pick = ({ list }, key) => list.findLast(([name]) => name === key)?.[1]

/** As Go's `encoding/json` folds: letters in either case, the long s and the Kelvin sign. */
const fold = (key: string): string => key.replaceAll("\u017f", "s").replaceAll("\u212a", "k").toLowerCase()

const pickFolded: Pick = ({ list }, key) => list.findLast(([name]) => fold(name) === fold(key))?.[1]

const cut = (text: string): string => text.split("\u0000", 1)[0] ?? ""

/** As cJSON looks keys up, which most small devices use. */
const pickInC: Pick = ({ list }, key) => {
  const value = list.find(([name]) => fold(cut(name)) === fold(key))?.[1]
  return typeof value === "string" ? cut(value) : value
}

export const READERS: Readonly<Record<string, Pick>> = {
  first: pickFirst,
  last: pickLast,
  folded: pickFolded,
  c: pickInC
}

/** The messages in a body: one, or those of a batch. */
export const readBody = (body: Uint8Array, pick: Pick): ReadonlyArray<Reading> => {
  const tree = new Parser(new TextDecoder().decode(body)).value()
  return (Array.isArray(tree) ? tree : [tree]).map((message: Tree) => readMessage(message, pick))
}

const readMessage = (message: Tree, pick: Pick): Reading => {
  if (!(message instanceof Members)) return { method: undefined, tool: undefined }
  const method = pick(message, "method")
  const params = pick(message, "params")
  const name = params instanceof Members ? pick(params, "name") : undefined
  return {
    method: typeof method === "string" ? method : undefined,
    tool: method === "tools/call" && typeof name === "string" ? name : undefined
  }
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }

/** Reads the first value of a text and ignores the rest; makes something of everything. */
class Parser {
  private at = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  value(): Tree {
    this.space()
    switch (this.text.charAt(this.at)) {
      case "{":
        return new Members(this.many("}", () => this.member()))
      case "[":
        return this.many("]", () => this.value())
      case '"':
        return this.string()
      default:
        return this.scalar()
    }
  }

  private space(): void {
    while (this.at < this.text.length && this.text.charCodeAt(this.at) <= 32) this.at++
  }

  private many<A>(end: string, read: () => A): ReadonlyArray<A> {
    const out: Array<A> = []
    this.at++
    for (;;) {
      this.space()
      const before = this.at
      const char = this.text.charAt(this.at)
      if (char === end || char === "") {
        this.at++
        return out
      }
      if (char === ",") this.at++
      else out.push(read())
      // Whatever it is, it is no part of any value.
      if (this.at === before) this.at++
    }
  }

  private member(): readonly [string, Tree] {
    const key = this.text.charAt(this.at) === '"' ? this.string() : String(this.scalar())
    this.space()
    if (this.text.charAt(this.at) === ":") this.at++
    return [key, this.value()]
  }

  private string(): string {
    let out = ""
    for (this.at++; this.at < this.text.length; this.at++) {
      const char = this.text.charAt(this.at)
      if (char === '"') break
      out += char === "\\" ? this.escape() : char
    }
    this.at++
    return out
  }

  private escape(): string {
    const char = this.text.charAt(++this.at)
    const hex = char === "u" ? /^[0-9a-fA-F]{4}/.exec(this.text.slice(this.at + 1, this.at + 5))?.[0] : undefined
    if (hex === undefined) return ESCAPES[char] ?? char
    this.at += 4
    return String.fromCharCode(Number.parseInt(hex, 16))
  }

  private scalar(): Tree {
    const word = /^[^\s,:[\]{}"]*/.exec(this.text.slice(this.at))?.[0] ?? ""
    this.at += word.length
    if (word === "true" || word === "false") return word === "true"
    if (word === "null" || word === "") return null
    const number = Number(word)
    return Number.isNaN(number) ? word : number
  }
}
