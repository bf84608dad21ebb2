/** List results as texts no `JSON.stringify` would write: free white space, escapes, numbers and order of keys. */
import * as fc from "fast-check"

/** A text of JSON and, in order, the parts of it a caller with the tool `seen` alone is shown, and is not shown. */
export interface ListText {
  readonly text: string
  readonly shown: ReadonlyArray<string>
  readonly hidden: ReadonlyArray<string>
}

const gap = fc.constantFrom("", "", "", " ", "\n    ", "\t", "\r\n")

const piece = fc.constantFrom(
  ..."a,é,😀,{,},[,],:,tools,hidden,name,\u2028".split(","),
  ",",
  ...'\\u0061 \\" \\\\ \\/ \\n \\ud800 \\u2028'.split(" "),
  "x".repeat(40)
)
const quoted = fc.array(piece, { maxLength: 5 }).map((parts) => `"${parts.join("")}"`)
const number = fc.constantFrom(
  ..."0 -0 1.0 1e400 -1E+2 0.10 12345678901234567890 1.7976931348623157e308 5e-324".split(" ")
)
const key = fc.oneof(
  fc.constantFrom(
    ..."name n\\u0061me tools result cacheScope id 10 2 __proto__ uri".split(" ").map((one) => `"${one}"`)
  ),
  quoted
)

const keyOf = (spelt: string): unknown => JSON.parse(spelt)

type Member = readonly [key: string, value: string]

/** An object of these members in any order, spaced in any way. */
const object = (members: ReadonlyArray<Member>): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.shuffledSubarray([...members], { minLength: members.length }),
      fc.array(gap, { minLength: 4 * members.length + 1, maxLength: 4 * members.length + 1 })
    )
    .map(([inOrder, gaps]) => {
      const parts = inOrder.map(([name, value], i) => {
        const [a = "", b = "", c = "", d = ""] = gaps.slice(4 * i)
        return `${a}${name}${b}:${c}${value}${d}`
      })
      return `{${members.length === 0 ? (gaps[0] ?? "") : parts.join(",")}}`
    })

const array = (elements: ReadonlyArray<string>): fc.Arbitrary<string> =>
  fc
    .array(gap, { minLength: 2 * elements.length + 1, maxLength: 2 * elements.length + 1 })
    .map((gaps) => `[${gaps[0]}${elements.map((one, i) => `${gaps[2 * i + 1]}${one}${gaps[2 * i + 2]}`).join(",")}]`)

/** Any value as any writer may write it; no object has a key twice. */
const anything: fc.Arbitrary<string> = fc.letrec<{ readonly value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    number,
    quoted,
    fc.constantFrom("true", "false", "null"),
    fc.array(tie("value"), { maxLength: 3 }).chain(array),
    fc.uniqueArray(fc.tuple(key, tie("value")), { selector: ([name]) => keyOf(name), maxLength: 3 }).chain(object)
  )
})).value

/** Members beside those named, none of which has one of these keys. */
const beside = (taken: ReadonlyArray<string>): fc.Arbitrary<ReadonlyArray<Member>> =>
  fc
    .uniqueArray(fc.tuple(key, anything), { selector: ([name]) => keyOf(name), maxLength: 3 })
    .map((members) => members.filter(([name]) => !taken.includes(String(keyOf(name)))))

const SHOWN = ['"seen"', '"s\\u0065en"']
const names = fc.constantFrom(...SHOWN, '"hidden"', '"hidd\\u0065n"', '"seen "', '""')
const spelt = (name: string) =>
  fc.constantFrom(`"${name}"`, `"\\u${`00${name.charCodeAt(0).toString(16)}`}${name.slice(1)}"`)

interface Entry {
  readonly text: string
  readonly shown: boolean
}

const entry = (id: string, values: fc.Arbitrary<string>, shown: (value: string) => boolean): fc.Arbitrary<Entry> =>
  fc
    .tuple(spelt(id), values, beside([id]))
    .chain(([name, value, others]) => object([[name, value], ...others]).map((text) => ({ text, shown: shown(value) })))

const LISTS = {
  tools: entry("name", names, (value) => SHOWN.includes(value)),
  prompts: entry("name", quoted, () => false),
  resources: entry("uri", quoted, () => false),
  resourceTemplates: entry("uriTemplate", quoted, () => false)
}

type ListKey = keyof typeof LISTS

interface List {
  readonly key: ListKey
  readonly text: string
  readonly entries: ReadonlyArray<Entry>
}

const list = (key: ListKey): fc.Arbitrary<List> =>
  fc
    .array(LISTS[key], { maxLength: 5 })
    .chain((entries) => array(entries.map(({ text }) => text)).map((text) => ({ key, text, entries })))

const cacheScope = fc.constantFrom(undefined, '"public"', '"private"', '"priv\\u0061te"', "1.0")

const reserved = [...Object.keys(LISTS), "cacheScope"]

const message: fc.Arbitrary<ListText> = fc
  .tuple(
    fc.constantFrom<ReadonlyArray<ListKey>>(
      ["tools"],
      ["tools"],
      ["tools", "prompts"],
      ["resources", "resourceTemplates"]
    ),
    cacheScope,
    beside(reserved),
    beside(["jsonrpc", "id", "result"])
  )
  .chain(([keys, scope, others, outer]) =>
    fc.tuple(...keys.map(list)).chain((lists) =>
      fc
        .tuple(...lists.map(({ key: name, text }) => spelt(name).map((written): Member => [written, text])))
        .chain((members) =>
          object([...members, ...others, ...(scope === undefined ? [] : [['"cacheScope"', scope] as const])])
        )
        .chain((result) =>
          object([['"jsonrpc"', '"2.0"'], ['"id"', "12345678901234567890"], ['"result"', result], ...outer])
        )
        .map((text) => {
          const entries = lists.flatMap((one) => one.entries)
          const texts = (shown: boolean) => entries.filter((one) => one.shown === shown).map((one) => one.text)
          return { text, shown: texts(true), hidden: texts(false) }
        })
    )
  )

/** A message with one or two list results, or a batch of such. */
export const listTexts: fc.Arbitrary<ListText> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(gap, message, gap).map(([before, one, after]) => ({ ...one, text: before + one.text + after }))
  },
  {
    weight: 1,
    arbitrary: fc.array(message, { minLength: 1, maxLength: 3 }).chain((messages) =>
      array(messages.map(({ text }) => text)).map((text) => ({
        text,
        shown: messages.flatMap(({ shown }) => shown),
        hidden: messages.flatMap(({ hidden }) => hidden)
      }))
    )
  }
)
