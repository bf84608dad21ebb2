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
    id: "identity-0002-accounts-of-providers",
    statements: [
      // A column can not lose its NOT NULL in every database; a new table can take its place in all.
      `CREATE TABLE accounts_0002 (
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
      `INSERT INTO accounts_0002
        (id, username, member_of, password_hash, provider, disabled, created_at, updated_at)
        SELECT id, username, member_of, password_hash, 'local', 0, updated_at, updated_at FROM accounts`,
      `DROP TABLE accounts`,
      `ALTER TABLE accounts_0002 RENAME TO accounts`,
      // Two accounts may have no subject, no two the same one of a provider.
      `CREATE UNIQUE INDEX accounts_subject ON accounts (provider, subject)`
    ]
  },
  {
    id: "identity-0003-oauth",
    statements: [
      // What oidc-provider keeps: codes, grants, refresh tokens, interactions. `digest` of the value, `payload` sealed: a copied database grants nothing.
      `CREATE TABLE oauth_artifacts (
        model TEXT NOT NULL,
        digest TEXT NOT NULL,
        payload TEXT NOT NULL,
        grant_id TEXT,
        uid_digest TEXT,
        user_code_digest TEXT,
        account TEXT,
        client_id TEXT,
        resource TEXT,
        consumed_at INTEGER,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (model, digest)
      )`,
      `CREATE INDEX oauth_artifacts_grant ON oauth_artifacts (grant_id)`,
      `CREATE INDEX oauth_artifacts_uid ON oauth_artifacts (uid_digest)`,
      `CREATE INDEX oauth_artifacts_user_code ON oauth_artifacts (user_code_digest)`,
      `CREATE INDEX oauth_artifacts_account ON oauth_artifacts (account, client_id)`,
      `CREATE INDEX oauth_artifacts_expires_at ON oauth_artifacts (expires_at)`,
      // Registered clients; of a secret only its digest, within metadata.
      `CREATE TABLE oauth_clients (
        client_id TEXT PRIMARY KEY NOT NULL,
        metadata TEXT NOT NULL,
        created_at INTEGER NOT NULL
      )`,
      // What people have agreed to. account as in accounts.id; redirect: where the answer goes, a host or a scheme.
      `CREATE TABLE oauth_consents (
        id TEXT PRIMARY KEY NOT NULL,
        account TEXT NOT NULL,
        client_id TEXT NOT NULL,
        client_name TEXT NOT NULL,
        resource TEXT NOT NULL,
        redirect TEXT NOT NULL,
        scopes TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        used_at INTEGER NOT NULL,
        UNIQUE (account, client_id, resource, redirect)
      )`
    ]
  },
  {
    id: "identity-0004-keys-and-machines",
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
    id: "identity-0005-revoked-subjects-and-session-lists",
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
  },
  {
    id: "identity-0006-clients-set-up",
    statements: [
      // Agents are OAuth clients `agent-{name}`: one table for the secrets of all clients.
      `ALTER TABLE agent_secrets RENAME TO client_secrets`,
      `ALTER TABLE client_secrets RENAME COLUMN agent TO client_id`,
      `UPDATE client_secrets SET client_id = 'agent-' || client_id`,
      `DROP INDEX agent_secrets_agent`,
      `CREATE INDEX client_secrets_client ON client_secrets (client_id)`,
      // Name of the administrator; null: it registered itself.
      `ALTER TABLE oauth_clients ADD COLUMN set_up_by TEXT`,
      // Epoch seconds of the first consent; null: nobody ever allowed it anything.
      `ALTER TABLE oauth_clients ADD COLUMN allowed_at BIGINT`,
      `UPDATE oauth_clients SET allowed_at = created_at WHERE client_id IN (SELECT client_id FROM oauth_consents)`,
      `CREATE INDEX oauth_clients_unused ON oauth_clients (created_at) WHERE allowed_at IS NULL AND set_up_by IS NULL`
    ]
  }
]
