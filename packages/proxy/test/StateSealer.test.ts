import { assert, describe, expect, it } from "@effect/vitest"
import { layerOf } from "@mcpgw/egress/UpstreamLayers"
import { readEnvelope } from "@mcpgw/mcp/Envelope"
import { openState, requestDigest, type StateUse } from "@mcpgw/mcp/StateSeal"
import { fromRules } from "@mcpgw/policy/Library"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { Credentials } from "../src/Credentials.ts"
import type { Outbound } from "../src/Forward.ts"
import { filterEvents } from "../src/ListFilter.ts"
import { serverBinding } from "../src/SessionGate.ts"
import { openStates, type StateGateParts } from "../src/StateGate.ts"
import { benchOver } from "./support/Bench.ts"
import { outboundOf, RULES } from "./support/Call.ts"
import { bytesOf, viewerOf } from "./support/Streams.ts"

const some = viewerOf(fromRules(RULES), "some")

const VERSION = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}`

/** What servers hand out: anything. */
const value = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.uuid(),
  fc.constantFrom("", '"', "\\", "\ud800")
)

const space = fc.constantFrom("", "", " ", "\n", "\t ")

/** Some members of an object as somebody might write them, each key once. */
const members = fc
  .uniqueArray(fc.tuple(fc.string({ unit: "grapheme", maxLength: 5 }), fc.jsonValue(), space, space), {
    maxLength: 4,
    selector: ([key]) => key
  })
  .map((all) => all.map(([key, inner, a, b]) => `${JSON.stringify(`x${key}`)}${a}:${b}${JSON.stringify(inner)}${a}`))

/** A text in JSON, some of its characters escaped without need. */
const spelt = (text: string, escaped: ReadonlyArray<boolean>): string =>
  `"${text
    .split("")
    .map((unit, i) =>
      escaped[i % escaped.length] === true
        ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
        : JSON.stringify(unit).slice(1, -1)
    )
    .join("")}"`

const spelling = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 })

const runs = { numRuns: 100 }

/** A gate, and a call of ada's that carries `text`. */
const gate = Effect.gen(function* () {
  const { router, policy, keys } = yield* benchOver({
    layer: layerOf(() => Promise.reject(new Error("nothing is sent"))),
    url: "http://scripted.example/"
  })
  const credentials = yield* Effect.provide(Credentials, Credentials.layerShared({ "x-key": "everybody's" }))
  const parts: StateGateParts = { keys, credentials, options: { sessionSeconds: 60 } }
  const plain = outboundOf(router, policy)
  const carrying = (text: string): Outbound => {
    const body = bytesOf(text)
    const envelope = readEnvelope(body)
    assert(!("_tag" in envelope), JSON.stringify(envelope))
    return { ...plain, body, envelope }
  }
  const opened = (sealed: string, use: StateUse): string | undefined => {
    const binding = { owner: plain.principal.claims, server: serverBinding(plain.target.server), use }
    return openState(keys.sealing, binding, sealed, Math.floor(Date.now() / 1000))
  }
  return { parts, carrying, opened }
})

const sealerOf = (parts: StateGateParts, outbound: Outbound) => {
  const states = openStates(parts, outbound)
  assert(states !== undefined && !("_tag" in states))
  return { sent: states.sent, sealer: states.sealer }
}

const callOf = (more: ReadonlyArray<string>): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"seen",${[...more, VERSION].join(",")}}}`

describe("S-09, W-66: of a message only what is sealed changes", () => {
  it.scoped("there and back, for any state and any message around it", () =>
    Effect.map(gate, ({ parts, carrying, opened }) =>
      fc.assert(
        fc.property(value, members, members, members, space, spelling, (state, own, before, after, gap, escaped) => {
          const { sealer } = sealerOf(parts, carrying(callOf(own)))
          const held = spelt(state, escaped)
          const answer = (token: string) =>
            `${gap}{"jsonrpc":"2.0",${gap}"id":1,"result":{${[...before, `"requestState"${gap}:${token}`, `"resultType":"input_required"`, ...after.map((one) => one.replace('"x', '"y'))].join(`,${gap}`)}}}${gap}`
          const text = sealer.seal(bytesOf(answer(held)))
          assert(text !== undefined)
          const sealed: string = JSON.parse(text).result.requestState
          expect(text).toBe(answer(JSON.stringify(sealed)))
          const digest = requestDigest(JSON.parse(callOf(own)).params)
          expect(opened(sealed, { kind: "requestState", method: "tools/call", digest })).toBe(state)

          const retry = (token: string) =>
            callOf([`"inputResponses":{${before.join(`,${gap}`)}}`, `"requestState"${gap}:${gap}${token}`, ...own])
          const { sent } = sealerOf(parts, carrying(retry(spelt(sealed, escaped))))
          assert(sent.body !== undefined)
          expect(new TextDecoder().decode(sent.body)).toBe(retry(JSON.stringify(state)))
        }),
        runs
      )
    )
  )

  it.scoped("a task of any name, in JSON and in events of any form", () =>
    Effect.map(gate, ({ parts, carrying, opened }) =>
      fc.assert(
        fc.property(value, members, fc.constantFrom("\n", "\r\n"), (id, own, end) => {
          const { sealer } = sealerOf(parts, carrying(callOf([])))
          const answer = (taskId: string) =>
            `{"jsonrpc":"2.0","id":1,"result":{${[...inOneLine(own), `"resultType":"task"`, `"taskId":${JSON.stringify(taskId)}`].join(",")}}}`
          const viewer = { ...some, modern: true, sealer }
          const block = (text: string) => `: note${end}id: 7${end}data:${text}${end}${end}`
          const out = new TextDecoder().decode(filterEvents(viewer, bytesOf(block(answer(id))), { failure: undefined }))
          const sealed: string = JSON.parse(/^data: ?(.*)$/m.exec(out)?.[1] ?? "").result.taskId
          expect(out).toBe(block(answer(sealed)))
          expect(opened(sealed, { kind: "task" })).toBe(id)
        }),
        runs
      )
    )
  )

  it.scoped("a task that outlives a seal has one that lasts as long", () =>
    Effect.map(gate, ({ parts, carrying }) => {
      const { sealer } = sealerOf(parts, carrying(callOf([])))
      for (const ttlMs of ["null", "60000", "1e300", '"x"', "-5"]) {
        const text = sealer.seal(`{"result":{"resultType":"task","taskId":"t","ttlMs":${ttlMs}}}`)
        assert(text !== undefined)
        expect(sealer.openTask(JSON.parse(text).result.taskId)).toBe("t")
      }
    })
  )

  it.scoped("what can not be read, and what holds nothing, passes", () =>
    Effect.map(gate, ({ parts, carrying }) => {
      const { sealer } = sealerOf(parts, carrying(callOf([])))
      for (const text of [
        '{"result":{"resultType":"task","taskId":',
        "taskId",
        '["taskId"]',
        '"taskId"',
        "{}",
        "null"
      ]) {
        expect(sealer.seal(text)).toBeUndefined()
        expect(sealer.seal(bytesOf(text))).toBeUndefined()
      }
      const deep = `{"result":{"resultType":"task","taskId":"t","d":${"[".repeat(600)}${"]".repeat(600)}}}`
      expect(sealer.seal(deep)).toBeUndefined()
    })
  )
})

/** A line end would end the event's data. */
const inOneLine = (all: ReadonlyArray<string>) => all.map((one) => one.replaceAll("\n", " "))
