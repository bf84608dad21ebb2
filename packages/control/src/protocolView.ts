/**
 * Entries as the official registry protocol shows them (R-02, R-03; contracts.md §2.15). `remotes` are where a client of ours reaches the
 * server; where a server that is here runs itself never shows, but in a registry without a data plane. A document that is only published
 * keeps its own.
 */
import type { OfficialMeta } from "@mcpgw/api/RegistryProtocol"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import { PUBLISHER_META, type Remote } from "@mcpgw/domain/ServerJson"
import type { CatalogueEntry, Page } from "@mcpgw/registry/v01/Catalogue"
import type { PublicUrlsApi } from "./publicUrls.ts"
import { publishedRemotes } from "./publishedRemotes.ts"
import { hostsIn, shownMembers, telling } from "./shownDocument.ts"

const TRANSPORTS = ["streamable-http", "sse"] as const

const remotesOf = (urls: PublicUrlsApi, { record }: RegisteredServer): ReadonlyArray<Remote> =>
  TRANSPORTS.filter((type) => record.supported_transports.includes(type)).flatMap((type) => {
    const url = urls.serverUrl(record, type)
    return url === undefined ? [] : [{ type, url }]
  })

/** What the replaced system says of a server within its document. */
const internalOf = ({ health, record }: RegisteredServer) => ({
  path: record.path,
  is_enabled: record.is_enabled,
  health_status: health.status,
  num_tools: record.num_tools,
  tags: record.tags,
  license: record.license
})

/** No server is here, and none was: the document's own addresses are all there is to know of it. */
const isOnlyPublished = ({ gone, server }: CatalogueEntry): boolean => server === undefined && !gone

/** Where the server itself is: told by a registry without a data plane alone. */
const hiddenOf = (urls: PublicUrlsApi, entry: CatalogueEntry): ReadonlySet<string> => {
  if (!urls.throughGateway || isOnlyPublished(entry)) return new Set()
  const { document, server } = entry
  const { mcp_endpoint = "", proxy_pass_url = "", sse_endpoint = "" } = server?.record ?? {}
  const addresses = [...(document.remotes ?? []).map(({ url }) => url), proxy_pass_url, mcp_endpoint, sse_endpoint]
  return new Set(hostsIn(addresses.join(" ")))
}

const documentOf = (urls: PublicUrlsApi, entry: CatalogueEntry) => {
  const { server } = entry
  const own = isOnlyPublished(entry) ? publishedRemotes(entry.document, !urls.throughGateway) : []
  const { _meta, remotes: _remotes, ...document } = entry.document
  const tells = telling(hiddenOf(urls, entry))
  const remotes = server === undefined ? own : remotesOf(urls, server)
  const given = _meta?.[PUBLISHER_META]
  const publisher = tells(given) ? undefined : given
  const meta = {
    ...(publisher === undefined ? {} : { [PUBLISHER_META]: publisher }),
    ...(server === undefined ? {} : { "io.mcpgateway/internal": internalOf(server) })
  }
  return {
    ...shownMembers(document, tells),
    ...(remotes.length === 0 ? {} : { remotes }),
    ...(Object.keys(meta).length === 0 ? {} : { _meta: meta })
  }
}

const officialOf = (entry: CatalogueEntry): OfficialMeta => ({
  status: entry.status,
  ...(entry.statusMessage === null ? {} : { statusMessage: entry.statusMessage }),
  statusChangedAt: entry.statusChangedAt,
  publishedAt: entry.publishedAt,
  updatedAt: entry.updatedAt,
  isLatest: entry.isLatest
})

/** One entry. */
export const serverResponse = (urls: PublicUrlsApi, entry: CatalogueEntry) => ({
  server: documentOf(urls, entry),
  _meta: {
    "io.modelcontextprotocol.registry/official": officialOf(entry),
    ...(entry.server === undefined
      ? {}
      : {
          "io.mcpgateway/registry": {
            last_checked: entry.server.health.last_checked_iso,
            health_status: entry.server.health.status
          }
        })
  }
})

/** */
export const serverList = (urls: PublicUrlsApi, { entries, nextCursor }: Page) => ({
  servers: entries.map((entry) => serverResponse(urls, entry)),
  metadata: { ...(nextCursor === undefined ? {} : { nextCursor }), count: entries.length }
})
