/**
 * The `Revocations` layer that outlives a restart: tables `revocations` and `revoked_subjects`, with everything unexpired in memory, because
 * they are asked on every request; what another process revokes is taken within a second. Never forgets an entry before its token has
 * expired, and never a subject.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { RevocationNotStored, Revocations } from "@mcpgw/auth/Revocations"
import { RevokedSubjects } from "@mcpgw/auth/RevokedSubjects"
import { ChangeFeed, type Changed } from "@mcpgw/store/ChangeFeed"
import { migrate } from "@mcpgw/store/Store"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { migrations } from "./Migrations.ts"

interface Row {
  readonly token_id: string
  readonly expires_at: number
}

interface SubjectRow {
  readonly issuer: string
  readonly subject: string
  /** Epoch milliseconds. */
  readonly issued_until: number
}

/** Topics of the feed: ids of tokens and sessions, and subjects as JSON `[issuer, subject]`. */
const TOKENS = "revocations"
const SUBJECTS = "revoked-subjects"

/** Names handed over at once beyond which reading all is less work. */
const MANY = 200

const subjectKey = (issuer: string, subject: string): string => JSON.stringify([issuer, subject])

/** What is in memory, and how it is read from the store. */
const makeTables = (sql: SqlClient.SqlClient) => {
  const revoked = new Map<string, number>()
  const subjects = new RevokedSubjects()
  const readTokens = (changed: Changed) =>
    Effect.gen(function* () {
      const now = yield* nowSeconds
      const rows = yield* changed === "everything" || changed.length > MANY
        ? sql<Row>`SELECT token_id, expires_at FROM revocations WHERE expires_at > ${now}`
        : sql<Row>`SELECT token_id, expires_at FROM revocations WHERE token_id IN ${sql.in(changed)}`
      for (const { expires_at, token_id } of rows) revoked.set(token_id, Number(expires_at))
    })
  const readSubjects = (changed: Changed) =>
    Effect.gen(function* () {
      const wanted = changed === "everything" || changed.length > MANY ? undefined : new Set(changed)
      for (const row of yield* sql<SubjectRow>`SELECT issuer, subject, issued_until FROM revoked_subjects`) {
        if (wanted?.has(subjectKey(row.issuer, row.subject)) === false) continue
        subjects.revoke(row.issuer, row.subject, Number(row.issued_until) / 1000)
      }
    })
  return { revoked, subjects, readTokens, readSubjects }
}

const make = Effect.gen(function* () {
  yield* migrate(migrations)
  const sql = yield* SqlClient.SqlClient
  const feed = yield* ChangeFeed
  const { readSubjects, readTokens, revoked, subjects } = makeTables(sql)
  yield* feed.watch(TOKENS, readTokens)
  yield* feed.watch(SUBJECTS, readSubjects)
  yield* readTokens("everything")
  yield* readSubjects("everything")

  const sweep = Effect.gen(function* () {
    const now = yield* nowSeconds
    for (const [id, expiresAt] of revoked) if (expiresAt <= now) revoked.delete(id)
    yield* sql`DELETE FROM revocations WHERE expires_at <= ${now}`
  })
  yield* sweep.pipe(
    Effect.catchAll((cause) => Effect.logWarning("Expired revocations could not be removed", cause)),
    Effect.repeat(Schedule.spaced("10 minutes")),
    Effect.forkScoped
  )

  return Revocations.of({
    has: (id) => revoked.has(id),
    revoke: (id, expiresAt) =>
      Effect.suspend(() => {
        const until = Math.max(Math.ceil(expiresAt), revoked.get(id) ?? 0)
        revoked.set(id, until)
        return feed.write(
          TOKENS,
          [id],
          () => sql`
            INSERT INTO revocations (token_id, expires_at) VALUES (${id}, ${until})
            ON CONFLICT (token_id) DO UPDATE SET expires_at = excluded.expires_at`
        )
      }).pipe(stored),
    hasSubject: (issuer, subject, issuedAt) => subjects.has(issuer, subject, issuedAt),
    revokeSubject: (issuer, subject, before) =>
      Effect.suspend(() => {
        const until = Math.ceil(subjects.revoke(issuer, subject, before) * 1000)
        return feed.write(
          SUBJECTS,
          [subjectKey(issuer, subject)],
          () => sql`
            INSERT INTO revoked_subjects (issuer, subject, issued_until) VALUES (${issuer}, ${subject}, ${until})
            ON CONFLICT (issuer, subject) DO UPDATE SET issued_until = CASE
              WHEN excluded.issued_until > revoked_subjects.issued_until THEN excluded.issued_until
              ELSE revoked_subjects.issued_until END`
        )
      }).pipe(stored)
  })
})

const stored = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<void, RevocationNotStored> =>
  Effect.asVoid(Effect.mapError(effect, (cause) => new RevocationNotStored({ cause })))

const nowSeconds = Effect.map(Clock.currentTimeMillis, (now) => Math.floor(now / 1000))

/** Runs this package's migrations, then loads what has not expired. */
export const layerSql: Layer.Layer<
  Revocations,
  SqlError | MigrationFailed | DatabaseNewer,
  SqlClient.SqlClient | ChangeFeed
> = Layer.scoped(Revocations, make)
