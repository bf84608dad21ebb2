/**
 * `LISTEN` on a connection of its own. The pool's own way does not notice that its connection has ended, and loses one that is given up
 * while it opens. Notifications rouse; what happened is read from the tables, so one that was missed costs time and nothing else.
 */
import { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { Client } from "pg"
import { driverUrl } from "../PostgresUrl.ts"

/** How long opening the connection may take, in milliseconds; as for the pool's. */
const CONNECT_MS = 5_000

const failed = (cause: unknown): SqlError => new SqlError({ cause, message: "Notifications ended" })

const open = (url: Redacted.Redacted, channel: string, lost: (error: Error) => void): Effect.Effect<Client, SqlError> =>
  Effect.tryPromise({
    try: async () => {
      const client = new Client({
        connectionString: Redacted.value(driverUrl(url)),
        connectionTimeoutMillis: CONNECT_MS,
        application_name: "mcpgw changes",
        keepAlive: true
      })
      client.on("error", lost)
      try {
        await client.connect()
        await client.query(`LISTEN ${client.escapeIdentifier(channel)}`)
      } catch (error) {
        void client.end().catch(() => {})
        throw error
      }
      return client
    },
    catch: failed
  })

/** What is said on the channel. Fails when the connection can not be had, or ends. */
export const listenTo = (url: Redacted.Redacted, channel: string): Stream.Stream<string, SqlError> =>
  Stream.asyncPush<string, SqlError>(
    (emit) =>
      Effect.acquireRelease(
        open(url, channel, (error) => void emit.fail(failed(error))),
        // It may hang on a server that is gone; nothing waits for it.
        (client) => Effect.sync(() => void client.end().catch(() => {}))
      ).pipe(
        Effect.tap((client) =>
          Effect.sync(() => {
            client.on("notification", ({ payload }) => void emit.single(payload ?? ""))
            client.on("end", () => void emit.fail(failed(new Error("the connection ended"))))
          })
        )
      ),
    { bufferSize: 16, strategy: "sliding" }
  )
