/** TLS to PostgreSQL, by what `sslmode` says in the URL: over a real server with a certificate made for the test. */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import type { TestPostgres } from "@mcpgw/testkit/postgres/server"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { chownSync, copyFileSync, mkdtempSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Store from "../../src/Store.ts"

const openssl = Bun.which("openssl")
if (openssl === null) process.stderr.write("TLS to PostgreSQL is not tested: there is no openssl\n")

/** For localhost, and for no address. */
const makeCertificate = (folder: string): { readonly cert: string; readonly key: string } => {
  const [cert, key] = [join(folder, "server.crt"), join(folder, "server.key")]
  const made = Bun.spawnSync([
    openssl ?? "openssl",
    ...`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost`.split(" "),
    ...`-addext subjectAltName=DNS:localhost -out ${cert} -keyout ${key}`.split(" ")
  ])
  if (made.exitCode !== 0) throw new Error(`openssl: ${made.stderr.toString()}`)
  return { cert, key }
}

const over = (url: string) => Store.layerPostgres({ url: Redacted.make(url) })

/** The server's files are those in its data folder, readable for who runs it alone. */
const switchOn = (url: string, { cert, key }: { readonly cert: string; readonly key: string }) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ readonly data_directory: string }>`SHOW data_directory`
    const data = row?.data_directory ?? ""
    const { gid, uid } = statSync(data)
    for (const file of [cert, key]) {
      const copy = join(data, file === key ? "server.key" : "server.crt")
      copyFileSync(file, copy)
      chownSync(copy, uid, gid)
    }
    yield* sql`ALTER SYSTEM SET ssl = on`
    yield* sql`SELECT pg_reload_conf()`
    const isOn = Effect.map(sql<{ readonly ssl: string }>`SHOW ssl`, ([held]) => held?.ssl === "on")
    yield* Effect.repeat(isOn, { schedule: Schedule.spaced("20 millis"), until: (on) => on }).pipe(
      Effect.timeout("10 seconds")
    )
  }).pipe(Effect.provide(over(url)))

/** Of every connection of this program to the database, whether it is encrypted. */
const encrypted = (url: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const all = sql<{ readonly name: string; readonly ssl: boolean }>`
      SELECT a.application_name AS name, s.ssl FROM pg_stat_activity a JOIN pg_stat_ssl s ON s.pid = a.pid
      WHERE a.datname = current_database() AND a.application_name LIKE 'mcpgw%'`
    let rows = yield* all
    const deadline = Date.now() + 10_000
    while (!rows.some((row) => row.name === "mcpgw changes") && Date.now() < deadline) {
      rows = yield* Effect.delay(all, "20 millis")
    }
    return rows.map(({ ssl }) => ssl)
  }).pipe(Effect.provide(over(url)))

const refusal = (url: string) => Effect.flip(Effect.scoped(Layer.build(over(url))))

/** `server`: one of its own, or one whose tests do not mind that it can do TLS from now on. */
export const postgresTlsSuite = (server: () => TestPostgres): void => {
  describe.skipIf(openssl === null)("MCPGW_DATABASE_URL: sslmode", () => {
    it.live("a server without TLS is refused by every mode that asks for it, and by no other", () =>
      Effect.gen(function* () {
        const url = yield* Effect.promise(() => server().createDatabase())
        for (const mode of ["require", "verify-ca", "verify-full", "no-verify"]) {
          const error = yield* refusal(`${url}?sslmode=${mode}`)
          assert.match(error.message, /does not support SSL/, mode)
        }
        for (const held of [url, `${url}?sslmode=disable`]) assert.notInclude(yield* encrypted(held), true)
      })
    )

    it.live("each mode does what it says: whom it believes, and that what listens is encrypted as well", () =>
      Effect.gen(function* () {
        const address = yield* Effect.promise(() => server().createDatabase())
        const name = address.replace("@127.0.0.1:", "@localhost:")
        const files = makeCertificate(mkdtempSync(join(tmpdir(), "mcpgw-tls-")))
        yield* switchOn(address, files)
        for (const mode of ["require", "verify-ca", "verify-full"]) {
          const unknown = yield* refusal(`${name}?sslmode=${mode}`)
          assert.match(unknown.message, /self[- ]signed|unable to verify/i, mode)
          const known = `sslmode=${mode}&sslrootcert=${encodeURIComponent(files.cert)}`
          const elsewhere = yield* refusal(`${address}?${known}`)
          assert.match(elsewhere.message, /127\.0\.0\.1/, `${mode}: it is a certificate for localhost`)
          const states = yield* encrypted(`${name}?${known}`)
          assert.deepStrictEqual([...new Set(states)], [true], mode)
        }
        assert.deepStrictEqual([...new Set(yield* encrypted(`${address}?sslmode=no-verify`))], [true])
        assert.notInclude(yield* encrypted(`${address}?sslmode=disable`), true)
        const missing = yield* refusal(`${name}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem`)
        assert.strictEqual(missing._tag, "StoreOpenFailed")
        assert.include(missing.message, "/nowhere/ca.pem")
        assert.notInclude(missing.message, "battery")
      })
    )
  })
}
