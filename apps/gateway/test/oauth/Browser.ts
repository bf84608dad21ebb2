/** A browser as far as OAuth needs one: a cookie jar that honours paths, redirects followed one by one, forms read out of pages. */

export interface Page {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

interface Cookie {
  readonly value: string
  readonly path: string
  readonly httpOnly: boolean
}

export class Browser {
  private readonly jar = new Map<string, Cookie>()
  private readonly origin: string
  /** Every address asked for, in order. */
  readonly visited: Array<string> = []

  constructor(origin: string) {
    this.origin = origin
  }

  get cookies(): ReadonlyArray<string> {
    return [...this.jar].map(([key, { value }]) => `${key.split(" ")[0]}=${value}`)
  }

  setCookie(name: string, value: string, path = "/"): void {
    this.jar.set(`${name} ${path}`, { value, path, httpOnly: true })
  }

  forget(name: string): void {
    for (const key of this.jar.keys()) if (key.startsWith(`${name} `)) this.jar.delete(key)
  }

  /** One request of this browser; keeps the cookies of the answer. */
  async ask(url: string, init: RequestInit = {}): Promise<Page> {
    const target = new URL(url, this.origin)
    this.visited.push(target.href)
    const headers = new Headers(init.headers)
    const sent = [...this.jar].filter(([, { path }]) => target.pathname.startsWith(path))
    if (sent.length > 0)
      headers.set("cookie", sent.map(([key, { value }]) => `${key.split(" ")[0]}=${value}`).join("; "))
    if (!headers.has("accept")) headers.set("accept", "text/html")
    const response = await fetch(target, { ...init, headers, redirect: "manual" })
    for (const line of response.headers.getSetCookie()) this.keep(line)
    return { url: target.href, status: response.status, headers: response.headers, text: await response.text() }
  }

  /** Follows redirects as long as they stay here; one that leaves is the answer. */
  async go(url: string, init: RequestInit = {}): Promise<Page> {
    let page = await this.ask(url, init)
    for (let i = 0; i < 12; i++) {
      const location = page.headers.get("location")
      if (location === null || page.status < 300 || page.status > 399) return page
      const next = new URL(location, page.url)
      if (next.origin !== new URL(this.origin).origin) return page
      page = await this.ask(next.href)
    }
    throw new Error(`redirected in circles: ${this.visited.slice(-6).join(" → ")}`)
  }

  /** Sends the page's first form with its hidden fields and these. */
  submit(
    page: Page,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {}
  ): Promise<Page> {
    const { action, hidden } = formOf(page)
    return this.go(new URL(action, page.url).href, {
      method: "POST",
      headers: { origin: this.origin, ...headers },
      body: new URLSearchParams({ ...hidden, ...fields })
    })
  }

  private keep(line: string): void {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim())
    const name = pair.slice(0, pair.indexOf("="))
    const value = pair.slice(pair.indexOf("=") + 1)
    const lower = attributes.map((attribute) => attribute.toLowerCase())
    const path = attributes.find((attribute) => attribute.toLowerCase().startsWith("path="))?.slice(5) ?? "/"
    const gone =
      value === "" || lower.includes("max-age=0") || lower.some((a) => a.startsWith("expires=thu, 01 jan 1970"))
    if (gone) this.jar.delete(`${name} ${path}`)
    else this.jar.set(`${name} ${path}`, { value, path, httpOnly: lower.includes("httponly") })
  }
}

export interface Form {
  readonly action: string
  readonly hidden: Readonly<Record<string, string>>
}

export const formOf = ({ text, url }: Page): Form => {
  const action = /<form[^>]* action="([^"]*)"/.exec(text)?.[1]
  if (action === undefined) throw new Error(`no form at ${url}:\n${text}`)
  const hidden: Record<string, string> = {}
  for (const [input] of text.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
    const name = / name="([^"]*)"/.exec(input)?.[1]
    if (name !== undefined) hidden[name] = / value="([^"]*)"/.exec(input)?.[1] ?? ""
  }
  return { action, hidden }
}
