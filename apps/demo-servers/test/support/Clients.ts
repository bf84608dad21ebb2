/** Official MCP clients of both eras, and demo servers in processes of their own. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/** The protocol eras a client may speak; `modern` accepts nothing but 2026-07-28. */
export const eras = {
  legacy: { versionNegotiation: { mode: "legacy" } },
  modern: { versionNegotiation: { mode: { pin: "2026-07-28" } } }
} as const
export type Era = keyof typeof eras

/** Connects, runs `use`, closes. */
export const withClient = async <A>(
  era: Era,
  url: string,
  use: (client: Client) => Promise<A>,
  fetch?: Fetch
): Promise<A> => {
  const client = new Client({ name: "test", version: "1.0.0" }, eras[era])
  await client.connect(new StreamableHTTPClientTransport(new URL(url), fetch === undefined ? {} : { fetch }))
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

/** Starts `bun run apps/demo-servers …` from the workspace root. */
export const spawn = (...words: ReadonlyArray<string>) =>
  Bun.spawn([process.execPath, "run", "apps/demo-servers", ...words], {
    cwd: new URL("../../../..", import.meta.url).pathname,
    stdout: "pipe",
    stderr: "pipe"
  })

/** What a finished run said. */
export const outcome = async (child: ReturnType<typeof spawn>) => {
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited
  ])
  return { out, err, code }
}

/** Reads the first line, which names the URL. */
export const urlOf = async (child: ReturnType<typeof spawn>): Promise<string> => {
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let text = ""
  while (!text.includes("\n")) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`ended before listening: ${text}`)
    text += decoder.decode(value, { stream: true })
  }
  reader.releaseLock()
  const url = /http:\S+/.exec(text)?.[0]
  if (url === undefined) throw new Error(`no URL in: ${text}`)
  return url
}
