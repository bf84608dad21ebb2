/**
 * Writes `.env.example` from `settings.ts` and `providerSettings.ts`: `bun run apps/gateway/scripts/env-example.ts > .env.example`. A test compares the two
 * byte for byte.
 */
import { everySetting } from "../src/everySetting.ts"
import type { Setting } from "../src/settings.ts"

const HEAD = `# Every setting of mcpgw with what it may hold and its default. All are optional.
# Copy this file to .env, which is read from the folder that mcpgw is started in, and uncomment what differs;
# a variable of the environment wins over .env. Written by apps/gateway/scripts/env-example.ts.
`

const entry = ({ name, about, holds, shown, secret }: Setting<unknown>): string =>
  [`# ${about}`, `# Holds ${holds}.${secret ? " Secret: never shown or logged." : ""}`, `# ${name}=${shown}`, ""].join(
    "\n"
  )

/** The whole file's text. */
export const envExample = (): string => [HEAD, ...everySetting.map(entry)].join("\n")

if (import.meta.main) process.stdout.write(envExample())
