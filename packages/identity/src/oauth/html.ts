/**
 * Text to HTML, and the one frame all pages share: plain, dark and light, without script. What others say of themselves is escaped here and
 * nowhere else. Never builds HTML out of a plain string.
 */
import { createHash } from "node:crypto"

/** HTML that was built by `html`. */
export class Html {
  readonly text: string
  private constructor(text: string) {
    this.text = text
  }
  static of(strings: TemplateStringsArray, values: ReadonlyArray<Value>): Html {
    return new Html(strings.map((part, i) => part + (i < values.length ? render(values[i]) : "")).join(""))
  }
}

type Value = string | number | Html | undefined | ReadonlyArray<Html>

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** Characters that turn the direction of text, or show nothing, could make a name look like another. */
const INVISIBLE = /[\p{Cc}\p{Cf}]/gu

const escape = (text: string): string =>
  text.replaceAll(INVISIBLE, "").replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "")

const render = (value: Value): string => {
  if (value === undefined) return ""
  if (value instanceof Html) return value.text
  if (typeof value === "object") return value.map(render).join("")
  return escape(String(value))
}

/** A template whose values are escaped. */
export const html = (strings: TemplateStringsArray, ...values: ReadonlyArray<Value>): Html => Html.of(strings, values)

const STYLE = `:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1a1d21;--soft:#4c545e;--line:#c9ced6;--act:#1a56b0;--on:#fff;--bad:#a11622}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1e2226;--ink:#eceff2;--soft:#b3bbc4;--line:#4a525b;--act:#8ab8ff;--on:#10151c;--bad:#ff9c9c}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:30rem;margin:8vh auto;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
h1{font-size:1.35rem;line-height:1.3;margin:0 0 1rem;overflow-wrap:anywhere}p{margin:.75rem 0}dl{margin:1rem 0}dt{color:var(--soft);font-size:.875rem}
dd{margin:0 0 .75rem;overflow-wrap:anywhere}label{display:block;margin:1rem 0 .25rem}
input{width:100%;padding:.6rem;font:inherit;color:inherit;background:var(--bg);border:1px solid var(--soft);border-radius:.25rem}
button,a.button{display:block;width:100%;margin-top:1rem;padding:.65rem;font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer;border-radius:.25rem;border:1px solid var(--act);background:var(--act);color:var(--on)}
h2{font-size:1.1rem;margin:2rem 0 .25rem;padding-top:1rem;border-top:1px solid var(--line)}ul{list-style:none;margin:0;padding:0}li{padding:.75rem 0;overflow-wrap:anywhere}li+li{border-top:1px solid var(--line)}
button.small{display:inline-block;width:auto;margin:.25rem 0 0;padding:.35rem .75rem}.good{font-weight:600}
button.quiet,a.button{background:transparent;color:var(--act)}a{color:var(--act)}.bad{color:var(--bad);font-weight:600}.soft{color:var(--soft);font-size:.875rem}
:focus-visible{outline:3px solid var(--act);outline-offset:2px}code{font-size:1.25rem}`

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64")

/** A whole page. */
export const page = (title: string, body: Html): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><link rel="icon" href="data:,"><title>${escape(title)} · mcpgw</title><style>${STYLE}</style></head>
<body><main>${body.text}</main></body></html>`

/** Headers of every page. `formTargets`: where a form's redirects may lead besides here. */
export const pageHeaders = (formTargets: ReadonlyArray<string> = []): Readonly<Record<string, string>> => ({
  "content-security-policy": [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    // The icon that is none, so that no browser asks for one.
    "img-src data:",
    `form-action ${["'self'", ...formTargets].join(" ")}`,
    "base-uri 'none'",
    "frame-ancestors 'none'"
  ].join("; "),
  "x-frame-options": "DENY",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store"
})
