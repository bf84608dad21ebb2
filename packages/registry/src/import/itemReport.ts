/** What became of an entry of another registry, in words. Pure. */
import { compareSemVer } from "@mcpgw/domain/VersionOrder"
import * as Schema from "effect/Schema"
import type { SourceEntry } from "./Importable.ts"

/** `refused`: it is wrong or in the way; `skipped`: nothing is wrong and there is nothing to do. */
export const Outcome = Schema.Literal("created", "updated", "unchanged", "removed", "skipped", "refused")
export type Outcome = typeof Outcome.Type

const Text = Schema.NullOr(Schema.String)
const optional = Schema.optionalWith(Schema.String, { exact: true })

/** What became of one entry. */
export const ItemReport = Schema.Struct({
  name: Text,
  version: Text,
  path: Text,
  outcome: Outcome,
  /** Of a refused one: what is wrong with which field. */
  field: optional,
  reason: optional
})
export type ItemReport = typeof ItemReport.Type

export const report = (
  { document }: SourceEntry,
  path: string | null,
  outcome: Outcome,
  why: object = {}
): ItemReport => ({
  name: document.name,
  version: document.version,
  path,
  outcome,
  ...why
})

/** Longest field, and longest reason, in characters: strangers choose how long they would be. */
const MOST = 500

const cut = (text: string): string => (text.length > MOST ? `${text.slice(0, MOST)}…` : text)

/** As it is kept. */
export const brief = ({ field, reason, ...same }: ItemReport): ItemReport => ({
  ...same,
  ...(field === undefined ? {} : { field: cut(field) }),
  ...(reason === undefined ? {} : { reason: cut(reason) })
})

export const anothers = (entry: SourceEntry, path: string): ItemReport =>
  report(entry, path, "refused", { field: "server.name", reason: `${path} is another server's here` })

export const DELETED = { reason: "it is deleted there" }
export const OLDER = { reason: "there is a newer version of it" }

/** Of a registry that does not say which version is the latest: this one is not. */
export const isOlder = ({ document, isLatest }: SourceEntry, than: string): boolean =>
  isLatest === undefined && (compareSemVer(document.version, than) ?? 0) < 0
