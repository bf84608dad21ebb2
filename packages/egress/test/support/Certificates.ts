/** Certificates for tests, made by openssl. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export interface Certificate {
  readonly key: string
  readonly cert: string
}

/**
 * Signed by itself, for these `subjectAltName`s, until `days` from now, which may be past. Undefined where no openssl is that
 * can make it.
 */
export const certificate = (names: string, days = 2): Certificate | undefined => {
  const folder = mkdtempSync(join(tmpdir(), "mcpgw-egress-"))
  const openssl = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { stdio: "ignore" })
  try {
    const [key, request, cert] = [join(folder, "key.pem"), join(folder, "request.pem"), join(folder, "cert.pem")]
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${names}`]
    openssl("req", "-new", ...curve, "-keyout", key, "-out", request, ...subject)
    const terms = ["-days", String(days), "-copy_extensions", "copy"]
    openssl("x509", "-req", "-in", request, "-signkey", key, "-out", cert, ...terms)
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") }
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}
