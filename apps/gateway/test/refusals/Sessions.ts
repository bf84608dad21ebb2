/** Opens a legacy session through the gateway. For tests only. */

/** The sealed `Mcp-Session-Id`. `options`: for `fetch`, such as how TLS is checked. */
export const openSession = async (
  url: string,
  path: string,
  token: string,
  version: string,
  options: BunFetchRequestInit = {}
): Promise<string> => {
  const response = await fetch(url + path, {
    ...options,
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream"
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 0,
      method: "initialize",
      params: { protocolVersion: version, capabilities: {}, clientInfo: { name: "tests", version: "1" } }
    })
  })
  const text = await response.text()
  const session = response.headers.get("mcp-session-id")
  if (session === null) throw new Error(`no session: ${response.status} ${text}`)
  return session
}
