/** Two gateways that share keys and servers, as replicas behind one name do; each has a process, a port and a folder of its own. For tests only. */
import type { SealKey } from "@mcpgw/mcp/Seal"
import { rotate } from "@mcpgw/store/KeyRingFile"
import type { Running } from "@mcpgw/testkit/Process"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { type Box, type BoxOptions, makeBox } from "../lifecycle/support/Box.ts"
import { claimsFor, gatewayKey, mint } from "../lifecycle/support/Minting.ts"

/** The one name of both, which nobody resolves. */
const PUBLIC_URL = "https://mcp.example"

export interface Replicas {
  readonly urls: readonly [string, string]
  /** Of the public name, so that both take it. */
  readonly token: (scope: string, claims?: Readonly<Record<string, unknown>>) => string
  /** Newest first. */
  readonly sealingKeys: () => ReadonlyArray<SealKey>
  /** Puts a fresh sealing key in front, keeps so many in all, and starts both again. */
  readonly rotate: (keep: number) => Promise<void>
  readonly close: () => Promise<void>
}

const DATABASE = /^mcpgw\.db/

/** Both know the same servers, registered at the same moment, and hold the same keys. */
export const startReplicas = async (options: BoxOptions): Promise<Replicas> => {
  const env = { ...options.env, MCPGW_PUBLIC_URL: PUBLIC_URL }
  const first = await makeBox({ ...options, env })
  const second = await makeBox({ scopes: options.scopes, env })
  for (const name of databaseOf(second)) rmSync(join(second.dataDir, name))
  for (const name of databaseOf(first)) cpSync(join(first.dataDir, name), join(second.dataDir, name))
  const running: Array<Running> = []
  const start = async (): Promise<void> => {
    running.push(await first.start())
    cpSync(join(first.dataDir, "keys"), join(second.dataDir, "keys"), { recursive: true })
    running.push(await second.start())
  }
  const stop = async (): Promise<void> => {
    await Promise.all(running.splice(0).map((one) => one.stop()))
  }
  await start()
  return {
    urls: [first.url, second.url],
    token: (scope, claims) => mint(gatewayKey(first.dataDir), claimsFor(PUBLIC_URL, [scope], claims)),
    sealingKeys: () => sealingKeys(first),
    rotate: async (keep) => {
      await stop()
      const rotated = rotate({ directory: join(first.dataDir, "keys"), purposes: ["sealing"], keep })
      await Effect.runPromise(rotated.pipe(Effect.provide(Logger.remove(Logger.defaultLogger))))
      await start()
    },
    close: async () => {
      await stop()
      first.remove()
      second.remove()
    }
  }
}

const databaseOf = ({ dataDir }: Box): ReadonlyArray<string> =>
  readdirSync(dataDir).filter((name) => DATABASE.test(name))

interface KeyFile {
  readonly sealing: ReadonlyArray<{ readonly id: string; readonly key: string }>
}

const sealingKeys = ({ dataDir }: Box): ReadonlyArray<SealKey> => {
  const file: KeyFile = JSON.parse(readFileSync(join(dataDir, "keys", "keys.json"), "utf8"))
  return file.sealing.map(({ id, key }) => ({ id, bytes: Buffer.from(key, "base64url") }))
}
