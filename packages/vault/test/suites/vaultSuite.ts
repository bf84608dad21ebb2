/** Laws of every `Vault` layer. */
import { describe, expect, it } from "@effect/vitest"
import { ServerPath } from "@mcpgw/domain/Ids"
import { KeyRing, type KeyRingApi, makeSealingKey } from "@mcpgw/domain/KeyRing"
import type { ServerRecord } from "@mcpgw/domain/Server"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { SEALED, type ServerSecrets } from "../../src/ServerSecrets.ts"
import { Vault } from "../../src/Vault.ts"

export const ring = (...sealing: KeyRingApi["sealing"]): KeyRingApi => ({ sealing, signing: [] })

export const record = (more: Partial<Omit<ServerRecord, "path">> & { readonly path?: string } = {}): ServerRecord => ({
  server_name: "Time",
  description: "",
  proxy_pass_url: "https://time.example.com/mcp",
  tags: [],
  num_tools: 0,
  num_stars: 0,
  is_python: false,
  license: "N/A",
  supported_transports: ["streamable-http"],
  headers: [],
  tool_list: [],
  is_enabled: true,
  trusted_address: false,
  registered_by: "admin",
  registered_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
  ...more,
  path: ServerPath.make(more.path ?? "/time")
})

export const secrets = (more: Partial<ServerSecrets> = {}): ServerSecrets => ({
  headers: [],
  origins: ["https://time.example.com"],
  references: false,
  ...more
})

const VARIABLES: Readonly<Record<string, string>> = { TIME_AUTH_TOKEN: "from-the-environment" }

export const variable = (name: string): Effect.Effect<string | undefined> => Effect.succeed(VARIABLES[name])

/** Runs the laws over `layer`, built anew for each. */
export const vaultSuite = <E>(name: string, layer: () => Layer.Layer<Vault, E, KeyRing>): void => {
  const run = <A, E2>(effect: Effect.Effect<A, E2, Vault>) =>
    Effect.provide(
      effect,
      Layer.orDie(Layer.suspend(layer)).pipe(Layer.provide(KeyRing.layerOf(ring(makeSealingKey()))))
    )

  describe(`Vault contract: ${name}`, () => {
    it.effect("a record of which nothing is kept is sent nothing", () =>
      Effect.gen(function* () {
        expect((yield* Vault).storedFor(record())).toEqual({ headers: {}, problem: undefined })
      }).pipe(run)
    )

    it.effect("contracts §2.9: the credential goes under the record's scheme, custom headers beside it", () =>
      Effect.gen(function* () {
        const vault = yield* Vault
        const ref = yield* vault.put("/time", secrets({ credential: "s3cret", headers: [["X-Region", "eu"]] }))
        const sent = (more: Partial<Omit<ServerRecord, "path">>) =>
          vault.storedFor(record({ credential_ref: ref, ...more })).headers
        expect(sent({ auth_scheme: "bearer" })).toEqual({ authorization: "Bearer s3cret", "x-region": "eu" })
        expect(sent({ auth_scheme: "api_key" })).toEqual({ "x-api-key": "s3cret", "x-region": "eu" })
        expect(sent({ auth_scheme: "api_key", auth_header_name: "X-Time-Key" })).toEqual({
          "x-time-key": "s3cret",
          "x-region": "eu"
        })
        for (const scheme of ["none", "client"] as const)
          expect(sent({ auth_scheme: scheme })).toEqual({ "x-region": "eu" })
      }).pipe(run)
    )

    it.effect("a row counts for the record that names it, and for nobody who copies its name", () =>
      Effect.gen(function* () {
        const vault = yield* Vault
        const ref = yield* vault.put("/time", secrets({ credential: "s3cret" }))
        const other = vault.storedFor(record({ path: "/other", credential_ref: ref, auth_scheme: "bearer" }))
        expect(other).toMatchObject({ headers: {}, problem: expect.stringContaining("set it again") })
      }).pipe(run)
    )

    it.effect("SECURITY: of a server that moved elsewhere nothing is sent", () =>
      Effect.gen(function* () {
        const vault = yield* Vault
        const ref = yield* vault.put("/time", secrets({ credential: "s3cret" }))
        const moved = [
          { proxy_pass_url: "https://evil.example/mcp" },
          { proxy_pass_url: "http://time.example.com/mcp" },
          { proxy_pass_url: "https://time.example.com:8443/mcp" },
          { mcp_endpoint: "https://evil.example/mcp" },
          { sse_endpoint: "https://evil.example/sse" }
        ]
        for (const more of moved) {
          const stored = vault.storedFor(record({ credential_ref: ref, auth_scheme: "bearer", ...more }))
          expect(stored).toMatchObject({ headers: {}, problem: expect.stringContaining("another address") })
        }
        const path = record({
          credential_ref: ref,
          auth_scheme: "bearer",
          proxy_pass_url: "https://time.example.com/v2"
        })
        expect(vault.storedFor(path).problem).toBeUndefined()
      }).pipe(run)
    )

    it.effect("contracts §2.9: $NAME_AUTH_TOKEN is the environment's, and a missing one is named", () =>
      Effect.gen(function* () {
        const vault = yield* Vault
        const sent = (credential: string, references = true) =>
          Effect.map(vault.put("/time", secrets({ credential, references })), (ref) =>
            vault.storedFor(record({ credential_ref: ref, auth_scheme: "bearer" }))
          )
        expect((yield* sent("$TIME_AUTH_TOKEN")).headers).toEqual({ authorization: "Bearer from-the-environment" })
        expect((yield* sent("x${TIME_AUTH_TOKEN}y")).headers["authorization"]).toBe("Bearer xfrom-the-environmenty")
        expect((yield* sent("$OTHER_AUTH_TOKEN")).problem).toContain("OTHER_AUTH_TOKEN is not set")
        expect((yield* sent("$PATH")).headers["authorization"]).toBe("Bearer $PATH")
        expect((yield* sent("$TIME_AUTH_TOKENS")).headers["authorization"]).toBe("Bearer $TIME_AUTH_TOKENS")
        expect(yield* sent("$TIME_AUTH_TOKEN", false)).toMatchObject({
          headers: {},
          problem: expect.stringContaining("administrator")
        })
      }).pipe(run)
    )

    it.effect("what is not there is a problem in words, never an empty header", () =>
      Effect.gen(function* () {
        const { storedFor } = yield* Vault
        for (const more of [
          { auth_scheme: "bearer" },
          { auth_scheme: "api_key" },
          { credential_ref: "gone" },
          { headers: [{ "X-Key": SEALED }] },
          { headers: [{ "X-Key": "$TIME_AUTH_TOKEN" }] },
          { headers: [{ "X-Key": "a\r\nb" }] }
        ] as const) {
          expect(storedFor(record(more))).toMatchObject({ headers: {}, problem: expect.any(String) })
        }
      }).pipe(run)
    )

    it.effect("removed; and told of after a minute, with its path, when no record names it", () =>
      Effect.gen(function* () {
        const vault = yield* Vault
        const [a, b, c] = [
          yield* vault.put("/time", secrets({ credential: "a" })),
          yield* vault.put("/time", secrets({ credential: "b" })),
          yield* vault.put("/time", secrets({ credential: "c" }))
        ]
        yield* vault.remove(a)
        yield* vault.remove("never was")
        expect(vault.secretsOf(record({ credential_ref: a }))).toBeUndefined()
        expect(yield* vault.unnamed(new Set([b]))).toEqual([])
        yield* TestClock.adjust("2 minutes")
        expect(yield* vault.unnamed(new Set([b]))).toEqual([{ ref: c, path: "/time" }])
        expect(vault.secretsOf(record({ credential_ref: b }))?.credential).toBe("b")
        yield* vault.remove(c)
        expect(yield* vault.unnamed(new Set([b]))).toEqual([])
        expect(vault.secretsOf(record({ credential_ref: c }))).toBeUndefined()
      }).pipe(run)
    )
  })
}
