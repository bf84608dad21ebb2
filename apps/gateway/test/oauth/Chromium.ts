/**
 * A real browser for the pages: Debian's Chromium, installed by package name when this runs as root and it is absent. Where neither is to be
 * had, the tests that need it are skipped with a printed reason.
 */
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

const install = (): string | null => {
  const apt = Bun.which("apt-get")
  if (apt === null || process.getuid?.() !== 0) return null
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  for (const words of [
    ["update", "-qq"],
    ["install", "-y", "-qq", "--no-install-recommends", "chromium"]
  ]) {
    const { exitCode } = Bun.spawnSync([apt, ...words], { env, stdout: "ignore", stderr: "ignore", timeout: 240_000 })
    if (exitCode !== 0) return null
  }
  return found()
}

/** Path of the program; null: not to be had. */
export const browserPath = found() ?? install()
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
