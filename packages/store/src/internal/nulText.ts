/**
 * Texts that may hold U+0000, which PostgreSQL's TEXT can not: there U+0001 marks it, and itself. Any other text is kept as it is, and
 * SQLite keeps all of them.
 */
import type * as SqlClient from "@effect/sql/SqlClient"

// oxlint-disable-next-line no-control-regex -- those two are what it is about
const SPECIAL = /[\u0000\u0001]/g
// oxlint-disable-next-line no-control-regex
const MARKED = /\u0001([01])/g

const isPostgres = (sql: SqlClient.SqlClient): boolean => sql.onDialectOrElse({ pg: () => true, orElse: () => false })

export const toColumn = (sql: SqlClient.SqlClient, text: string): string =>
  isPostgres(sql) ? text.replaceAll(SPECIAL, (held) => (held === "\u0000" ? "\u00010" : "\u00011")) : text

export const fromColumn = (sql: SqlClient.SqlClient, held: string): string =>
  isPostgres(sql) ? held.replaceAll(MARKED, (_, which) => (which === "0" ? "\u0000" : "\u0001")) : held
