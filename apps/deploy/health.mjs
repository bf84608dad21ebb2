/**
 * The container's health check: ends with 0 when the gateway in the same container says that it is well. It asks over the address
 * the gateway listens on, so a certificate's name is not judged.
 */
const { MCPGW_HOST = "", MCPGW_PORT, MCPGW_TLS_CERT } = process.env
const everyInterface = ["", "0.0.0.0", "::"].includes(MCPGW_HOST)
const host = everyInterface ? "127.0.0.1" : MCPGW_HOST.includes(":") ? `[${MCPGW_HOST}]` : MCPGW_HOST

try {
  const response = await fetch(`${MCPGW_TLS_CERT ? "https" : "http"}://${host}:${MCPGW_PORT || "7860"}/health`, {
    signal: AbortSignal.timeout(4_000),
    tls: { rejectUnauthorized: false }
  })
  process.exitCode = response.ok ? 0 : 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
