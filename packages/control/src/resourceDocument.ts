/** Answers for RFC 9728 documents. Light: a gateway without an API answers them too, because clients look for them where they were refused. */
import { seenAs } from "@mcpgw/auth/LocalNames"
import { documentAt, WELL_KNOWN } from "@mcpgw/auth/ProtectedResource"

const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"])

const READABLE = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET",
  "access-control-allow-headers": "mcp-protocol-version",
  "access-control-max-age": "7200"
}

const isWhole = (pathname: string): boolean => pathname === WELL_KNOWN || pathname === `${WELL_KNOWN}/`

/**
 * Public, and the same for whoever asks by that name: any page may read it. `carriesCalls`: are there servers' routes? Without them only the
 * whole is a resource.
 */
export const resourceDocument = (
  publicUrl: string,
  request: Request,
  pathname: string,
  carriesCalls = true
): Response | undefined => {
  if (!READS.has(request.method) || (!carriesCalls && !isWhole(pathname))) return undefined
  const document = documentAt(publicUrl, pathname, seenAs(publicUrl, request.headers.get("host") ?? undefined))
  if (document === undefined) return undefined
  if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: READABLE })
  return Response.json(document, { headers: { "access-control-allow-origin": "*", "cache-control": "max-age=300" } })
}
