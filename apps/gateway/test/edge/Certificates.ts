/** Self-signed certificates and handshakes with whoever shows them. For tests only. */
import { readFileSync } from "node:fs"
import { request as httpsRequest, type Agent } from "node:https"
import { join } from "node:path"
import { connect } from "node:tls"

/** Certificates are made with it; without it there is nothing to test with. */
export const openssl = Bun.which("openssl")
if (openssl === null) process.stderr.write("skipped: TLS tests need the program openssl, which is not installed\n")

export interface Pair {
  /** PEM. */
  readonly cert: string
  /** PEM. */
  readonly key: string
}

/** For localhost and 127.0.0.1, with this common name; its files stay in `folder`. */
export const makePair = (folder: string, name: string): Pair => {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  const { exitCode, stderr } = Bun.spawnSync([
    openssl ?? "openssl",
    ...`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=${name}`.split(" "),
    ...`-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out ${cert} -keyout ${key}`.split(" ")
  ])
  if (exitCode !== 0) throw new Error(`openssl: ${stderr.toString()}`)
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") }
}

/** Common name of the certificate that a new connection is shown. */
export const shownBy = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on("error", reject)
  })

/** A call over the agent's kept connection; resolves with its status, or rejects when the connection breaks. */
export const callOver = (agent: Agent, url: string, token: string, tool: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = httpsRequest(
      url,
      {
        agent,
        method: "POST",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          accept: "application/json, text/event-stream"
        }
      },
      (response) => {
        response.resume()
        response.on("end", () => resolve(response.statusCode ?? 0))
        response.on("error", reject)
      }
    )
    request.on("error", reject)
    request.end(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool } }))
  })
