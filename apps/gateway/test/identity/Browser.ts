/**
 * A browser as far as signing in needs one: cookies, redirects and forms, over `fetch`. Scripts do not run. Cookies are kept per host
 * whatever the port, as browsers keep them. For tests only.
 */

export interface Page {
  /** Where the browser is, after redirects. */
  readonly url: string
  readonly status: number
  readonly text: string
  /** The addresses of the redirects on the way. */
  readonly redirects: ReadonlyArray<string>
}

export interface Browser {
  readonly open: (url: string) => Promise<Page>
  /** Fills in the form of a page and sends it; hidden fields go along. */
  readonly submit: (page: Page, fields: Readonly<Record<string, string>>) => Promise<Page>
  /** Posts a form that is on no page. */
  readonly post: (url: string, fields: Readonly<Record<string, string>>) => Promise<Page>
  /** What would be sent to a URL, as a `cookie` header. */
  readonly cookiesFor: (url: string) => string
}

interface Cookie {
  readonly host: string
  readonly path: string
  readonly name: string
  readonly value: string
}

/** No sign-in needs more. */
const MOST_REDIRECTS = 12

export const openBrowser = (): Browser => {
  let jar: ReadonlyArray<Cookie> = []
  const cookiesFor = (url: string): string => {
    const { hostname, pathname } = new URL(url)
    return jar
      .filter(({ host, path }) => host === hostname && covers(path, pathname))
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ")
  }
  const keep = (url: string, response: Response): void => {
    for (const line of response.headers.getSetCookie()) {
      const { cookie, gone } = cookieOf(line, url)
      jar = jar.filter((one) => one.host !== cookie.host || one.name !== cookie.name || one.path !== cookie.path)
      if (!gone) jar = [...jar, cookie]
    }
  }
  const go = async (url: string, init: RequestInit, redirects: ReadonlyArray<string> = []): Promise<Page> => {
    const cookie = cookiesFor(url)
    const headers = new Headers(init.headers)
    headers.set("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
    if (cookie !== "") headers.set("cookie", cookie)
    const response = await fetch(url, { ...init, headers, redirect: "manual" })
    keep(url, response)
    const location = response.headers.get("location")
    if (response.status < 300 || response.status >= 400 || location === null) {
      return { url, status: response.status, text: await response.text(), redirects }
    }
    if (redirects.length === MOST_REDIRECTS) throw new Error(`too many redirects: ${redirects.join(" → ")}`)
    await response.body?.cancel()
    const next = new URL(location, url).href
    return go(next, {}, [...redirects, next])
  }
  const post: Browser["post"] = (url, fields) =>
    go(url, { method: "POST", body: new URLSearchParams(fields), headers: { origin: new URL(url).origin } })
  return {
    open: (url) => go(url, {}),
    post,
    submit: (page, fields) => {
      const { action, hidden } = formOf(page)
      return post(action, { ...hidden, ...fields })
    },
    cookiesFor
  }
}

/** RFC 6265 §5.1.4. */
const covers = (path: string, pathname: string): boolean =>
  pathname === path || (pathname.startsWith(path) && (path.endsWith("/") || pathname[path.length] === "/"))

const cookieOf = (line: string, url: string): { readonly cookie: Cookie; readonly gone: boolean } => {
  const [pair = "", ...attributes] = line.split(";").map((part) => part.trim())
  const attribute = (name: string): string | undefined =>
    attributes.find((text) => text.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1)
  const at = pair.indexOf("=")
  const { hostname, pathname } = new URL(url)
  const expires = attribute("expires")
  const gone = attribute("max-age") === "0" || (expires !== undefined && Date.parse(expires) <= Date.now())
  const path = attribute("path") ?? (pathname.slice(0, pathname.lastIndexOf("/")) || "/")
  return { cookie: { host: hostname, path, name: pair.slice(0, at), value: pair.slice(at + 1) }, gone }
}

interface Form {
  readonly action: string
  readonly hidden: Readonly<Record<string, string>>
}

/** The page's first form that is sent by POST. */
const formOf = (page: Page): Form => {
  const form = [...page.text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].find(
    ([, attributes = ""]) => attributeOf(attributes, "method")?.toLowerCase() === "post"
  )
  if (form === undefined) throw new Error(`no form on ${page.url} (${page.status}):\n${page.text.slice(0, 2_000)}`)
  const [, attributes = "", inside = ""] = form
  const inputs = [...inside.matchAll(/<input\b([^>]*)>/gi)].map(([, input = ""]) => input)
  const hidden = inputs
    .filter((input) => attributeOf(input, "type") === "hidden")
    .map((input) => [attributeOf(input, "name") ?? "", attributeOf(input, "value") ?? ""] as const)
  return { action: new URL(attributeOf(attributes, "action") ?? "", page.url).href, hidden: Object.fromEntries(hidden) }
}

const attributeOf = (attributes: string, name: string): string | undefined => {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i").exec(attributes)
  const value = found?.[1] ?? found?.[2] ?? found?.[3]
  return value === undefined ? undefined : unescaped(value)
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

const unescaped = (text: string): string =>
  text.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    return ENTITIES[String(name)] ?? whole
  })
