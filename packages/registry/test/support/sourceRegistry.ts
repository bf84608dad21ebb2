/** Another registry on loopback: pages by cursor, changes since a moment, one server by name; and as bad days as a test wants. */
import * as Effect from "effect/Effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface SourceRegistry {
  readonly url: string
  /** Queries of the lists asked for, in order. */
  readonly asked: Array<URLSearchParams>
  entries: ReadonlyArray<unknown>
  /** Whether deleted ones are in its lists, as some registries have them. */
  listsDeleted: boolean
  /** Answers instead, when it does. */
  trouble: (
    query: URLSearchParams,
    nth: number
  ) => { readonly status: number; readonly body: string } | "hang" | undefined
}

const OFFICIAL = "io.modelcontextprotocol.registry/official"

const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value
  )

const list = ({ entries, listsDeleted }: SourceRegistry, query: URLSearchParams): string => {
  const since = query.get("updated_since") ?? ""
  const due = entries.filter(
    (entry) =>
      String(at(entry, "_meta", OFFICIAL, "updatedAt")) >= since &&
      (listsDeleted || since !== "" || at(entry, "_meta", OFFICIAL, "status") !== "deleted")
  )
  const start = Number(query.get("cursor") ?? 0)
  const end = start + Number(query.get("limit") ?? 30)
  const servers = due.slice(start, end)
  const next = end < due.length ? { nextCursor: String(end) } : {}
  return JSON.stringify({ servers, metadata: { count: servers.length, ...next } })
}

const answer = (source: SourceRegistry, request: IncomingMessage, response: ServerResponse): void => {
  const url = new URL(request.url ?? "/", source.url)
  const [, name] = /^\/v0\.1\/servers\/([^/]+)\/versions\/latest$/.exec(url.pathname) ?? []
  if (name === undefined) source.asked.push(url.searchParams)
  const trouble = source.trouble(url.searchParams, source.asked.length)
  if (trouble === "hang") return
  if (trouble !== undefined) {
    response.writeHead(trouble.status).end(trouble.body)
    return
  }
  const found =
    name === undefined
      ? undefined
      : source.entries.find((entry) => at(entry, "server", "name") === decodeURIComponent(name))
  if (name !== undefined && found === undefined) response.writeHead(404).end('{"error":"Server not found"}')
  else
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(found === undefined ? list(source, url.searchParams) : JSON.stringify(found))
}

/** Closed with its scope. */
export const sourceRegistry = (entries: ReadonlyArray<unknown>) =>
  Effect.acquireRelease(
    Effect.async<{ readonly source: SourceRegistry; readonly close: () => void }>((resume) => {
      const holder: { source?: SourceRegistry } = {}
      const server = createServer((request, response) => {
        if (holder.source !== undefined) answer(holder.source, request, response)
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const source: SourceRegistry = {
          url: `http://127.0.0.1:${port}`,
          asked: [],
          entries,
          listsDeleted: false,
          trouble: () => undefined
        }
        holder.source = source
        const close = (): void => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ source, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  ).pipe(Effect.map(({ source }) => source))
