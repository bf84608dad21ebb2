/** People, keys, machines and grants of every earlier version, brought to the newest over both stores. */
import { migrationsSuite, type Sample } from "@mcpgw/store/suites/migrationsSuite"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Store from "@mcpgw/store/Store"
import { migrations } from "../src/Migrations.ts"

const AT = 4_102_444_800_123

const secret = { id: "s", digest: "d3", prefix: "p", created_at: AT, expires_at: null, last_used_at: AT }

const samples: ReadonlyArray<Sample> = [
  {
    table: "accounts",
    row: {
      id: "ann",
      username: "Ann",
      member_of: `["users"]`,
      password_hash: "hash",
      provider: "local",
      subject: null,
      email: null,
      display_name: null,
      disabled: 0,
      created_at: AT,
      updated_at: AT
    }
  },
  {
    table: "sessions",
    row: {
      digest: "d",
      username: "Ann",
      member_of: `["users"]`,
      expires_at: AT,
      created_at: AT,
      browser: "b",
      remote: "192.0.2.1",
      provider: "local",
      id_token: null
    }
  },
  { table: "revocations", row: { token_id: "t", expires_at: AT } },
  { table: "revoked_subjects", row: { issuer: "i", subject: "s", issued_until: AT } },
  {
    table: "oauth_artifacts",
    row: {
      model: "Grant",
      digest: "d",
      payload: "sealed",
      grant_id: "g",
      uid_digest: null,
      user_code_digest: null,
      account: "ann",
      client_id: "c",
      resource: "r",
      consumed_at: AT,
      expires_at: AT
    }
  },
  {
    table: "oauth_clients",
    row: { client_id: "c", metadata: "{}", created_at: AT, set_up_by: "ann", allowed_at: AT },
    // Somebody has consented to it.
    now: { table: "oauth_clients", row: { allowed_at: AT } }
  },
  {
    table: "oauth_consents",
    row: {
      id: "1",
      account: "ann",
      client_id: "c",
      client_name: "C",
      resource: "r",
      redirect: "vscode.dev",
      scopes: "mcp",
      created_at: AT,
      used_at: AT
    }
  },
  {
    table: "api_keys",
    row: {
      id: "k",
      digest: "d",
      owner: "Ann",
      name: "laptop",
      prefix: "mcpgw_1",
      member_of: null,
      limits: `{"servers":["/a"]}`,
      created_at: AT,
      expires_at: AT,
      last_used_at: null
    }
  },
  {
    table: "agents",
    row: { name: "bot", description: "", member_of: "[]", disabled: 0, created_at: AT, tokens_from: 0 }
  },
  {
    table: "agent_secrets",
    row: { ...secret, agent: "bot" },
    now: { table: "client_secrets", row: { client_id: "agent-bot" } }
  },
  { table: "client_secrets", row: { ...secret, client_id: "agent-bot" } },
  { table: "machine_clients", row: { issuer: "i", client_id: "m", member_of: `["users"]` } }
]

migrationsSuite("identity, SQLite", migrations, samples, () => Store.layerMemory)
overPostgres(({ fresh }) => migrationsSuite("identity, PostgreSQL", migrations, samples, () => fresh))
