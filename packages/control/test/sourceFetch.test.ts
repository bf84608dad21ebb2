/** How another registry is asked: through the one dialler, over real connections on loopback, and what it is sent. */
import { it } from "@effect/vitest"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { parseAllowed } from "@mcpgw/egress/AddressPolicy"
import { Resolver } from "@mcpgw/egress/Resolver"
import { layerHttp } from "@mcpgw/egress/UpstreamHttp"
import { SourceFetch } from "@mcpgw/registry/import/SourceFetch"
import { Vault } from "@mcpgw/vault/Vault"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import { type GivenCredential, mayCarrySecret, sealedFor } from "../src/sourceCredential.ts"
import * as Source from "../src/sourceFetch.ts"

const allowing = (...entries: ReadonlyArray<string>) => entries.map(parseAllowed).filter((entry) => entry !== undefined)

const variable = (name: string) => Effect.succeed(name === "PEER_AUTH_TOKEN" ? "of the environment" : undefined)

/** Names of hosts are on loopback, too. */
const layer = (...entries: ReadonlyArray<string>) =>
  Source.layer(allowing("127.0.0.1", ...entries)).pipe(
    Layer.provide(layerHttp({ allowed: allowing("127.0.0.1", ...entries) })),
    Layer.provide(Resolver.layerOf(() => ["127.0.0.1"])),
    Layer.provideMerge(Vault.layerMemory({ variable })),
    Layer.provide(KeyRing.layerEphemeral)
  )

const never = new AbortController().signal

/** A server on that port of loopback, 0 any, until the scope ends, and the headers it was asked with. */
const listening = (port: number, answer: () => Response = () => Response.json({ servers: [] })) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const asked: Array<Headers> = []
      const fetch = ({ headers }: Request): Response => {
        asked.push(headers)
        return answer()
      }
      const server = Bun.serve({ hostname: "127.0.0.1", port, fetch })
      return { asked, server, port: server.port ?? 0, url: `http://127.0.0.1:${server.port}/v0.1` }
    }),
    ({ server }) => Effect.promise(() => server.stop(true))
  )

/** Status of the answer, or why there is none. */
const ask = (base: string, credential?: { readonly ref: string; readonly source: string }) =>
  Effect.flatMap(SourceFetch, (fetch) => fetch(`${base}/servers`, never, credential)).pipe(
    Effect.match({ onSuccess: ({ status }) => status, onFailure: ({ message }) => message })
  )

const kept = (source: string, given: GivenCredential) =>
  Effect.map(Effect.flatMap(sealedFor(source, given), Effect.fromNullable), (ref) => ({ ref, source }))

describe("issue 6: a registry that was away", () => {
  it.scopedLive("is asked again at once when it is back, however often it was not there", () =>
    Effect.gen(function* () {
      const { port, url } = yield* Effect.scoped(listening(0))
      for (let i = 0; i < 10; i++) expect(yield* ask(url)).toBe("The registry can not be reached")
      yield* listening(port)
      expect(yield* ask(url)).toBe(200)
    }).pipe(Effect.provide(layer()))
  )
})

describe("issue 6: a registry that wants a credential", () => {
  it.scopedLive("is sent it under its scheme, a variable of the environment filled in", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* listening(0)
      expect(yield* ask(url, yield* kept(url, { auth_credential: "Bearer s3cret" }))).toBe(200)
      yield* ask(url, yield* kept(url, { auth_credential: "$PEER_AUTH_TOKEN" }))
      yield* ask(url, yield* kept(url, { auth_credential: "k", auth_scheme: "api_key" }))
      yield* ask(url, yield* kept(url, { auth_credential: "k", auth_header_name: "X-Registry-Token" }))
      yield* ask(url)
      const sent = asked.map((headers) => [
        headers.get("authorization"),
        headers.get("x-api-key") ?? headers.get("x-registry-token")
      ])
      expect(sent).toEqual([
        ["Bearer s3cret", null],
        ["Bearer of the environment", null],
        [null, "k"],
        [null, "k"],
        [null, null]
      ])
      expect(yield* ask(url, yield* kept(url, { auth_credential: "$OTHER_AUTH_TOKEN" }))).toBe(
        "The registry was not asked: the environment variable OTHER_AUTH_TOKEN is not set"
      )
      expect(asked.length).toBe(5)
    }).pipe(Effect.provide(layer()))
  )

  it.scopedLive(
    "S-01: it goes to its own origin alone, and to nobody by a redirect or under a name copied elsewhere",
    () =>
      Effect.gen(function* () {
        const other = yield* listening(0)
        const { url } = yield* listening(0, () => Response.redirect(`${other.url}/servers`, 302))
        const credential = yield* kept(url, { auth_credential: "s3cret" })
        expect(yield* ask(url, credential)).toBe(302)
        expect(yield* ask(other.url, credential)).toMatch(/was given for another address/)
        expect(yield* ask(other.url, { ...credential, source: other.url })).toMatch(/set it again/)
        yield* (yield* Vault).remove(credential.ref)
        expect(yield* ask(url, credential)).toMatch(/is not there: set it again/)
        expect(other.asked).toEqual([])
      }).pipe(Effect.provide(layer()))
  )

  it.scopedLive("over http it goes to this machine alone, or to a host that is listed by its name", () =>
    Effect.gen(function* () {
      const { asked, port } = yield* listening(0)
      const url = `http://registry.lan:${port}/v0.1`
      const credential = yield* kept(url, { auth_credential: "s3cret" })
      expect(yield* ask(url)).toBe(200)
      expect(yield* ask(url, credential)).toMatch(/goes over https:\/\/ alone/)
      expect(asked.length).toBe(1)
      const own = Effect.flatMap(kept(url, { auth_credential: "s3cret" }), (again) => ask(url, again))
      expect(yield* Effect.provide(own, layer("registry.lan"))).toBe(200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("what counts as a way that nobody reads along", () =>
    Effect.sync(() => {
      const listed = allowing("named.lan:8080", "10.0.0.0/8", "192.168.1.5", "2001:db8::1")
      const may = (url: string): boolean => mayCarrySecret(listed, url)
      for (const url of [
        "https://anywhere.example/v0.1",
        "http://localhost:1/",
        "http://127.0.0.2/",
        "http://[::1]:9/",
        "http://named.lan:8080/",
        "http://10.1.2.3/",
        "http://192.168.1.5/"
      ])
        expect([url, may(url)]).toEqual([url, true])
      for (const url of [
        "http://anywhere.example/",
        "http://named.lan/",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://8.8.8.8/",
        "http://192.168.1.6/",
        "ftp://localhost/",
        "nonsense"
      ])
        expect([url, may(url)]).toEqual([url, false])
    })
  )

  it.effect("what can not be sent is refused by its field, and never repeated", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<readonly [string, GivenCredential]> = [
        ["auth_credential", { auth_credential: "two\nlines" }],
        ["auth_credential", { auth_credential: " " }],
        ["auth_credential", { auth_header_name: "X-Key" }],
        ["auth_credential", { auth_scheme: "bearer" }],
        ["auth_header_name", { auth_credential: "hush", auth_header_name: "Host" }],
        ["auth_header_name", { auth_credential: "hush", auth_header_name: "X-Key", auth_scheme: "bearer" }]
      ]
      for (const [field, given] of wrong) {
        const refused = yield* Effect.flip(sealedFor("https://a.example/v0.1", given))
        expect([given, refused]).toMatchObject([given, { field }])
        expect(refused.message).not.toContain("hush")
      }
    }).pipe(Effect.provide(layer()))
  )
})
