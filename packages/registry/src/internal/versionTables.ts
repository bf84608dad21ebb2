/** Tables of `Versions` and of the imports, as migration `registry-0006-versions` makes them. Never changed once landed. */

export const VERSION_TABLES: ReadonlyArray<string> = [
  `CREATE TABLE registry_versions (
    sort_key TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    name_lower TEXT NOT NULL,
    version TEXT NOT NULL,
    path TEXT NOT NULL,
    server_name TEXT NOT NULL,
    origin TEXT NOT NULL,
    source TEXT,
    document TEXT NOT NULL,
    status TEXT NOT NULL,
    kept_status TEXT,
    status_message TEXT,
    status_changed_at TEXT NOT NULL,
    published_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    is_latest INTEGER NOT NULL
  )`,
  "CREATE INDEX registry_versions_name ON registry_versions (name)",
  "CREATE INDEX registry_versions_path ON registry_versions (path)",
  "CREATE INDEX registry_versions_updated ON registry_versions (updated_at)",
  // One row a name, written first by every change of it: two processes change one name one after the other.
  "CREATE TABLE registry_version_names (name TEXT PRIMARY KEY NOT NULL, touched_at TEXT NOT NULL)",
  `CREATE TABLE registry_imports (
    id TEXT PRIMARY KEY NOT NULL,
    source TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    progress TEXT NOT NULL,
    page_cursor TEXT,
    updated_since TEXT,
    newest_seen TEXT,
    next_at TEXT,
    lease_until TEXT,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL
  )`
]
