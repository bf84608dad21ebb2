/**
 * A change to a JSON message, said once and made in either of two ways: to its parsed value, or to the text it came in, where
 * every byte that stays is its sender's (design.md §4.3). Never decides what to change.
 */
import { JsonScanner } from "./internal/jsonScanner.ts"
import { isObject } from "./JsonRpc.ts"

/** What becomes of a value. An edit that does not fit the value it meets, or names what it has not, changes nothing. */
export type JsonEdit =
  /** Another value stands in its place. */
  | { readonly _tag: "Replace"; readonly value: string }
  /** A JSON-RPC error with the `id` of this message, or null, stands in its place. */
  | { readonly _tag: "Refuse"; readonly code: number; readonly message: string }
  /** The values of some members of an object are edited. */
  | { readonly _tag: "Members"; readonly edits: ReadonlyMap<string, JsonEdit> }
  /** Some elements of an array are edited, by index. */
  | { readonly _tag: "Elements"; readonly edits: ReadonlyMap<number, JsonEdit> }
  /** Some elements of an array are taken out: their indexes, ascending. */
  | { readonly _tag: "Without"; readonly indexes: ReadonlyArray<number> }

type EditOf<Tag extends JsonEdit["_tag"]> = Extract<JsonEdit, { readonly _tag: Tag }>

/** The edited value. Never writes into `value`; what is not edited is the same by reference. */
export const editValue = (value: unknown, edit: JsonEdit): unknown => {
  switch (edit._tag) {
    case "Replace":
      return edit.value
    case "Refuse": {
      const { code, message } = edit
      return { jsonrpc: "2.0", id: isObject(value) ? (value["id"] ?? null) : null, error: { code, message } }
    }
    case "Members": {
      if (!isObject(value)) return value
      const held = [...edit.edits].filter(([key]) => Object.hasOwn(value, key))
      return { ...value, ...Object.fromEntries(held.map(([key, inner]) => [key, editValue(value[key], inner)])) }
    }
    case "Elements":
      if (!Array.isArray(value)) return value
      return value.map((element: unknown, i) => {
        const inner = edit.edits.get(i)
        return inner === undefined ? element : editValue(element, inner)
      })
    case "Without": {
      if (!Array.isArray(value)) return value
      const left = new Set(edit.indexes)
      return value.filter((_, i) => !left.has(i))
    }
  }
}

/**
 * The edited text of a message. Expects valid JSON that holds `keys` keys when parsed (`JsonText.countKeys`).
 * Undefined: some object of the text has the same key twice, so that the text says more than the value that was judged.
 */
export const editText = (text: string, edit: JsonEdit, keys: number): string | undefined => {
  const editor = new TextEditor(text)
  return editor.run(edit) === keys ? editor.written() : undefined
}

class TextEditor {
  private readonly scanner: JsonScanner
  private out = ""
  /** The source up to here is written or left out. */
  private done = 0

  constructor(text: string) {
    this.scanner = new JsonScanner(text)
  }

  /** Gives the number of keys in the source. */
  run(edit: JsonEdit): number {
    this.edit(this.scanner.space(0), edit)
    return this.scanner.keys
  }

  written(): string {
    return this.out + this.scanner.text.slice(this.done)
  }

  /** Edits the value at `at`; gives its end in the source, as all these do. */
  private edit(at: number, edit: JsonEdit): number {
    switch (edit._tag) {
      case "Replace":
        return this.put(at, this.scanner.value(at), JSON.stringify(edit.value))
      case "Refuse":
        return this.refuse(at, edit)
      case "Members":
        return this.scanner.members(at, (key, value) => this.maybe(value, edit.edits.get(key)))
      case "Elements":
        return this.scanner.elements(at, (index, element) => this.maybe(element, edit.edits.get(index)))
      case "Without":
        return this.without(at, edit)
    }
  }

  private maybe(at: number, edit: JsonEdit | undefined): number {
    return edit === undefined ? this.scanner.value(at) : this.edit(at, edit)
  }

  private put(from: number, to: number, written: string): number {
    this.out += this.scanner.text.slice(this.done, from) + written
    this.done = to
    return to
  }

  private refuse(at: number, { code, message }: EditOf<"Refuse">): number {
    let id = "null"
    const end = this.scanner.members(at, (key, value) => {
      const past = this.scanner.value(value)
      if (key === "id") id = this.scanner.text.slice(value, past)
      return past
    })
    return this.put(at, end, `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify({ code, message })}}`)
  }

  /** With an element goes the comma before it; with the first ones, the comma after them. */
  private without(at: number, { indexes }: EditOf<"Without">): number {
    let next = 0
    let kept = false
    let cutting = false
    return this.scanner.elements(at, (index, element, comma) => {
      const end = this.scanner.value(element)
      if (indexes[next] === index) {
        next++
        if (!cutting) this.put(kept ? comma : element, end, "")
        cutting = true
        this.done = end
      } else {
        if (cutting && !kept) this.done = element
        cutting = false
        kept = true
      }
      return end
    })
  }
}
