/** A real gateway process for black-box tests: own port, own data folder, tokens signed with its own keys. */
import { importJWK, SignJWT } from "jose"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { freePort, type Running, spawn, tempDir } from "./Process.ts"

export interface TestGateway extends Running {
  readonly url: string
  readonly dataDir: string
  readonly adminPassword: string
  /** An access token of the gateway's own, as `/api/tokens/generate` makes them; `claims` override. */
  readonly token: (scopes: ReadonlyArray<string>, claims?: Readonly<Record<string, unknown>>) => Promise<string>
  /** Signs in as administrator and answers the session cookie, `name=value`. */
  readonly signIn: () => Promise<string>
  /** Registers a server as administrator, through the API. */
  readonly register: (form: Readonly<Record<string, string>>) => Promise<Response>
  /** Stops the process and removes its data; answers the exit code. */
  readonly close: () => Promise<number>
}

export interface GatewayOptions {
  readonly env?: Readonly<Record<string, string>>
  /** scopes.yml; the default policy otherwise. */
  readonly scopes?: string
  readonly command?: ReadonlyArray<string>
  /** How long it may take to be ready, in milliseconds; 15 seconds unless given. */
  readonly readyMs?: number
  /** Runs before the process starts, with its data folder. */
  readonly prepare?: (dataDir: string) => Promise<void>
}

/** Bun as `npm start` starts it: without this word a gateway starts itself over to have it, which `apps/deploy/test/start.test.ts` shows. */
export const BUN: ReadonlyArray<string> = [process.execPath, "--max-http-header-size=65536", "--no-env-file"]

const PASSWORD = "correct horse battery 9"

export const startGateway = async (options: GatewayOptions = {}): Promise<TestGateway> => {
  const port = await freePort()
  const dir = tempDir("gateway")
  const url = `http://127.0.0.1:${port}`
  const env: Record<string, string> = {
    MCPGW_PORT: String(port),
    MCPGW_DATA_DIR: dir.path,
    ADMIN_PASSWORD: PASSWORD,
    ...options.env
  }
  if (options.scopes !== undefined) {
    env["MCPGW_SCOPES_FILE"] = join(dir.path, "policy.yml")
    writeFileSync(join(dir.path, "policy.yml"), options.scopes)
  }
  await options.prepare?.(dir.path)
  const running = spawn({ command: options.command ?? [...BUN, "run", "apps/gateway"], env })
  try {
    await running.printed(/is ready at/, options.readyMs)
  } catch (error) {
    await running.stop("SIGKILL")
    throw error
  }
  const signIn = async (): Promise<string> => {
    const response = await fetch(`${url}/api/auth/login`, {
      method: "POST",
      headers: { accept: "application/json" },
      body: new URLSearchParams({ username: env["ADMIN_USER"] ?? "admin", password: PASSWORD })
    })
    if (response.status !== 200) throw new Error(`sign-in answered ${response.status}: ${await response.text()}`)
    return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
  }
  return {
    ...running,
    url,
    dataDir: dir.path,
    adminPassword: PASSWORD,
    signIn,
    token: (scopes, claims = {}) => sign(dir.path, url, scopes, claims),
    register: async (form) =>
      fetch(`${url}/api/register`, {
        method: "POST",
        headers: { accept: "application/json", cookie: await signIn() },
        body: new URLSearchParams(form)
      }),
    close: async () => {
      const code = await running.stop()
      dir.remove()
      return code
    }
  }
}

interface KeyFile {
  readonly signing: ReadonlyArray<{ readonly id: string; readonly jwk: Readonly<Record<string, string>> }>
}

const sign = async (
  dataDir: string,
  url: string,
  scopes: ReadonlyArray<string>,
  claims: Readonly<Record<string, unknown>>
): Promise<string> => {
  const file: KeyFile = JSON.parse(readFileSync(join(dataDir, "keys", "keys.json"), "utf8"))
  const key = file.signing[0]
  if (key === undefined) throw new Error("the gateway has no signing key")
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({
    iss: url,
    aud: url,
    sub: "tester",
    preferred_username: "tester",
    client_id: "user-generated",
    token_use: "access",
    token_type: "user_generated",
    scope: scopes.join(" "),
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + 3600,
    ...claims
  })
    .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: key.id })
    .sign(await importJWK(key.jwk, "EdDSA"))
}
