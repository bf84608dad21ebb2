/** A real Keycloak on loopback for black-box tests: own port, own database with nothing in it. Imported from tests only. */
import { freePort, type Running, tempDir } from "../Process.ts"
import type { Distribution } from "./Distribution.ts"
import { admin, launch } from "./launch.ts"

export interface TestKeycloak {
  /** `http://127.0.0.1:{port}`, the same after a restart. */
  readonly url: string
  /** The bootstrap administrator. */
  readonly admin: { readonly username: string; readonly password: string }
  readonly output: () => string
  /** Ends the process; the database stays. */
  readonly stop: () => Promise<void>
  /** Starts it again after `stop`. */
  readonly start: () => Promise<void>
  /** Ends the process and removes the database. */
  readonly close: () => Promise<void>
}

export const startKeycloak = async ({ home, java }: Distribution): Promise<TestKeycloak> => {
  const port = await freePort()
  const data = tempDir("keycloak")
  let running: Running | undefined
  const start = async (): Promise<void> => {
    running = await launch({ home, java, data: data.path, port })
  }
  const stop = async (): Promise<void> => {
    await running?.stop()
  }
  const close = async (): Promise<void> => {
    await stop()
    data.remove()
  }
  try {
    await start()
  } catch (error) {
    await close()
    throw error
  }
  return { url: `http://127.0.0.1:${port}`, admin, output: () => running?.output() ?? "", stop, start, close }
}
