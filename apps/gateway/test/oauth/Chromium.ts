/**
 * A real browser for the pages: Debian's Chromium, installed by package name when this runs as root and it is absent. Where neither is to be
 * had, the tests that need it are skipped with a printed reason.
 */
import { installDebian, settled } from "@mcpgw/testkit/debian"
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core"

const NAMES = ["chromium", "chromium-browser", "google-chrome"]

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

const found = (): string | null => NAMES.map((name) => Bun.which(name)).find((path) => path !== null) ?? null

/** Path of the program; null: not to be had. */
settled()
export const browserPath = found() ?? (installDebian("chromium") ? found() : null)
if (browserPath === null) {
  process.stderr.write("skipped: browser tests need Chromium, which is not installed and can not be installed here\n")
}

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: browserPath ?? "chromium", args: FLAGS, timeout: 60_000 })

/** What a page violated of its own policy, or failed to load, as the browser's console says. */
export const complaintsOf = (page: Page): ReadonlyArray<string> => {
  const complaints: Array<string> = []
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text())
  })
  return complaints
}

export const withScheme = (browser: Browser, colorScheme: "dark" | "light"): Promise<BrowserContext> =>
  browser.newContext({ colorScheme, ignoreHTTPSErrors: false })
