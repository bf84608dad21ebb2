/**
 * The names of this machine for itself. A gateway whose public URL holds one of them is reached by the others, too, and clients compare what they
 * are told with what they typed (RFC 9728 §3.3). Only the name of a resource follows; issuer and audience stay the public URL.
 */

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"])

/**
 * The public URL by the name the client used: `host`, its `Host` header. Anything but another loopback name at the same port yields
 * `publicUrl` itself. Both without a trailing slash.
 */
export const seenAs = (publicUrl: string, host: string | undefined): string => {
  const own = new URL(publicUrl)
  if (host === undefined || host === own.host || !LOOPBACK.has(own.hostname)) return publicUrl
  const asked = URL.parse(`${own.protocol}//${host}`)
  return asked !== null && asked.port === own.port && LOOPBACK.has(asked.hostname)
    ? asked.origin + own.pathname.replace(/\/+$/, "")
    : publicUrl
}

/** A resource named by another of those names, as the public URL has it; any other one as it is. */
export const canonicalResource = (publicUrl: string, resource: string): string => {
  const seen = seenAs(publicUrl, URL.parse(resource)?.host)
  const same = seen !== publicUrl && (resource === seen || resource.startsWith(`${seen}/`))
  return same ? publicUrl + resource.slice(seen.length) : resource
}
