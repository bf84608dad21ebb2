/** One gateway for all tests of the command line, and a config folder with an administrator signed in. */
import { startGateway, type TestGateway } from "@mcpgw/testkit/Gateway"
import { tempDir } from "@mcpgw/testkit/Process"
import { type Source, startSource } from "./source.ts"
import { mcpgw, type Ended, type Surroundings } from "./run.ts"

export interface Stand {
  readonly gateway: TestGateway
  /** Another registry, which the gateway may ask. */
  readonly source: Source
  /** A folder for files that commands read and write. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** As the administrator, unless `more` says otherwise. */
  readonly run: (words: ReadonlyArray<string>, more?: Partial<Surroundings>) => Promise<Ended>
  readonly close: () => Promise<void>
}

/** `settings`: of the gateway. */
export const startStand = async (settings: Readonly<Record<string, string>> = {}): Promise<Stand> => {
  const source = startSource()
  // By the name `localhost` it may ask itself.
  const allowed = `${new URL(source.url).host},localhost`
  const gateway = await startGateway({ env: { MCPGW_ALLOWED_UPSTREAMS: allowed, ...settings } })
  const room = tempDir("cli-stand")
  const env = { MCPGW_CONFIG_DIR: `${room.path}/config`, MCPGW_URL: gateway.url, MCPGW_IMPORT_FROM: source.url }
  const run: Stand["run"] = (words, more = {}) => mcpgw(words, { ...more, env: { ...env, ...more.env } })
  const signedIn = await run(["login", "--username", "admin", "--password-stdin"], { stdin: gateway.adminPassword })
  if (signedIn.code !== 0) throw new Error(`no sign-in: ${signedIn.err}`)
  return {
    gateway,
    source,
    folder: room.path,
    env,
    run,
    close: async () => {
      await gateway.close()
      source.close()
      room.remove()
    }
  }
}
