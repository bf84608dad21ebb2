/** Tables of this package, for `@mcpgw/store`'s migration helper. Append only: what was released is never edited. */
import type { Migration } from "@mcpgw/store/Store"

/** One list, one owner: every layer here that needs a table runs all of it. */
export const migrations: ReadonlyArray<Migration> = [
  {
    id: "identity-0001-accounts-sessions-revocations",
    statements: [
      // `id` is the lower-cased name: two spellings of one name are one person.
      `CREATE TABLE accounts (
        id TEXT PRIMARY KEY NOT NULL,
        username TEXT NOT NULL,
        member_of TEXT NOT NULL,
        password_hash TEXT NOT NULL,
        updated_at INTEGER NOT NULL
      )`,
      `CREATE TABLE sessions (
        digest TEXT PRIMARY KEY NOT NULL,
        username TEXT NOT NULL,
        member_of TEXT NOT NULL,
        expires_at INTEGER NOT NULL
      )`,
      `CREATE INDEX sessions_username ON sessions (lower(username))`,
      `CREATE INDEX sessions_expires_at ON sessions (expires_at)`,
      `CREATE TABLE revocations (
        token_id TEXT PRIMARY KEY NOT NULL,
        expires_at INTEGER NOT NULL
      )`,
      `CREATE INDEX revocations_expires_at ON revocations (expires_at)`
    ]
  },
  {
    id: "identity-0005-accounts-of-providers",
    statements: [
      // A column can not lose its NOT NULL in every database; a new table can take its place in all.
      `CREATE TABLE accounts_0005 (
        id TEXT PRIMARY KEY NOT NULL,
        username TEXT NOT NULL,
        member_of TEXT NOT NULL,
        password_hash TEXT,
        provider TEXT NOT NULL,
        subject TEXT,
        email TEXT,
        display_name TEXT,
        disabled INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
      )`,
      `INSERT INTO accounts_0005
        (id, username, member_of, password_hash, provider, disabled, created_at, updated_at)
        SELECT id, username, member_of, password_hash, 'local', 0, updated_at, updated_at FROM accounts`,
      `DROP TABLE accounts`,
      `ALTER TABLE accounts_0005 RENAME TO accounts`,
      // Two accounts may have no subject, no two the same one of a provider.
      `CREATE UNIQUE INDEX accounts_subject ON accounts (provider, subject)`
    ]
  },
  {
    id: "identity-0007-keys-and-machines",
    statements: [
      // Times in epoch milliseconds; of keys and secrets only the SHA-256.
      `CREATE TABLE api_keys (
        id TEXT PRIMARY KEY NOT NULL,
        digest TEXT UNIQUE NOT NULL,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        prefix TEXT NOT NULL,
        member_of TEXT,
        limits TEXT,
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        last_used_at BIGINT
      )`,
      `CREATE INDEX api_keys_owner ON api_keys (owner)`,
      `CREATE TABLE agents (
        name TEXT PRIMARY KEY NOT NULL,
        description TEXT NOT NULL,
        member_of TEXT NOT NULL,
        disabled INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        tokens_from BIGINT NOT NULL
      )`,
      `CREATE TABLE agent_secrets (
        id TEXT PRIMARY KEY NOT NULL,
        agent TEXT NOT NULL,
        digest TEXT UNIQUE NOT NULL,
        prefix TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        last_used_at BIGINT
      )`,
      `CREATE INDEX agent_secrets_agent ON agent_secrets (agent)`,
      `CREATE TABLE machine_clients (
        issuer TEXT NOT NULL,
        client_id TEXT NOT NULL,
        member_of TEXT NOT NULL,
        PRIMARY KEY (issuer, client_id)
      )`
    ]
  },
  {
    id: "identity-0008-revoked-subjects-and-session-lists",
    statements: [
      // Milliseconds since the epoch; all issued up to then is dead.
      `CREATE TABLE revoked_subjects (
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        issued_until BIGINT NOT NULL,
        PRIMARY KEY (issuer, subject)
      )`,
      // Milliseconds; null for a session older than this column, which then counts as older than any revocation.
      `ALTER TABLE sessions ADD COLUMN created_at BIGINT`,
      `ALTER TABLE sessions ADD COLUMN browser TEXT`,
      `ALTER TABLE sessions ADD COLUMN remote TEXT`,
      // Where a session began, and what its provider is told when it ends.
      `ALTER TABLE sessions ADD COLUMN provider TEXT NOT NULL DEFAULT 'local'`,
      `ALTER TABLE sessions ADD COLUMN id_token TEXT`
    ]
  }
]
