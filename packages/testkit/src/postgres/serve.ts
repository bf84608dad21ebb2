/**
 * A PostgreSQL server for measurements: prints the URL of an empty database, and ends with a signal or with who started it. Exit code 3, after
 * the reason: this machine can not have one.
 */
import { findPostgres } from "./find.ts"
import { startPostgres } from "./server.ts"

const programs = findPostgres()
if (programs._tag === "Missing") process.exit(3)
const server = await startPostgres(programs, true)
const end = (): void => void server.close().then(() => process.exit(0))
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, end)
process.stdin.on("end", end).resume()
process.stdout.write(`database at ${await server.createDatabase()}\n`)
