/** Somebody with a browser: keeps cookies, follows redirects, signs in and allows. Knows no more of pages than their first form. */

interface Page {
  readonly url: string
  readonly text: string
}

export const person = (username: string, password: string) => {
  const jar = new Map<string, string>()
  const ask = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers)
    headers.set("accept", "text/html")
    headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "))
    const response = await fetch(url, { ...init, headers, redirect: "manual" })
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      jar.set(name, value)
    }
    return response
  }
  const go = async (url: string, init?: RequestInit): Promise<Page> => {
    const response = await ask(url, init)
    const location = response.headers.get("location")
    return location === null ? { url, text: await response.text() } : go(new URL(location, url).href)
  }
  const submit = ({ text, url }: Page, fields: Readonly<Record<string, string>>): Promise<Page> => {
    const action = /<form[^>]* action="([^"]*)"/.exec(text)?.[1] ?? ""
    const hidden = [...text.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [
      / name="([^"]*)"/.exec(input)?.[1] ?? "",
      / value="([^"]*)"/.exec(input)?.[1] ?? ""
    ])
    return go(new URL(action, url).href, {
      method: "POST",
      headers: { origin: new URL(url).origin },
      body: new URLSearchParams({ ...Object.fromEntries(hidden), ...fields })
    })
  }
  /** Answers the last page. */
  const through = async (url: string, fields: Readonly<Record<string, string>> = {}): Promise<string> => {
    let page = await go(url)
    for (let i = 0; i < 6; i++) {
      if (page.text.includes('name="password"')) page = await submit(page, { username, password })
      else if (page.text.includes('value="allow"')) page = await submit(page, { decision: "allow" })
      else if (page.text.includes('name="confirm"')) page = await submit(page, { confirm: "yes" })
      else if (page.text.includes("<form")) page = await submit(page, fields)
      else break
    }
    return page.text
  }
  return { through }
}
