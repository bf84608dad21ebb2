/** One Keycloak process over a folder of data: how it is started, and when it is ready. Imported from tests only. */
import { join } from "node:path"
import { root, type Running, spawn } from "../Process.ts"

/** For a short life: a quick start matters more than the last bit of speed. */
export const JAVA_OPTS =
  "-Xms64m -Xmx512m -XX:MaxMetaspaceSize=256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.security.egd=file:/dev/urandom"

/** The bootstrap administrator; of servers on loopback that live for a test. */
export const admin = { username: "bootstrap", password: "correct horse battery 9" } as const

/** A start on two busy cores has been seen to take 35 s. */
const READY_MS = 180_000

export interface Launch {
  readonly home: string
  readonly java: string
  readonly data: string
  readonly port: number
}

/** What runs it, so that it ends with this process. */
const supervised = [process.execPath, "run", "--no-orphans", join(root, "packages/testkit/src/supervise.ts")] as const

const words = (data: string, port: number): ReadonlyArray<string> => [
  "start",
  "--optimized",
  "--cache=local",
  "--http-enabled=true",
  "--http-host=127.0.0.1",
  `--http-port=${port}`,
  "--hostname-strict=false",
  `--db-url=jdbc:h2:file:${join(data, "keycloak")};NON_KEYWORDS=VALUE;DB_CLOSE_DELAY=0`
]

/** Resolves when it answers; it ends with this process, however this one ends. */
export const launch = async ({ home, java, data, port }: Launch): Promise<Running> => {
  const running = spawn({
    command: [...supervised, "sh", join(home, "bin", "kc.sh"), ...words(data, port)],
    cwd: data,
    env: {
      JAVA: java,
      JAVA_OPTS,
      KC_BOOTSTRAP_ADMIN_USERNAME: admin.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password
    }
  })
  try {
    await ready(`http://127.0.0.1:${port}`, running)
    return running
  } catch (error) {
    await running.stop("SIGKILL")
    throw error
  }
}

const ready = async (url: string, running: Running): Promise<void> => {
  const deadline = Date.now() + READY_MS
  const ended = running.exited.then(() => true)
  while (Date.now() < deadline) {
    const answered = await fetch(`${url}/realms/master`).then(
      ({ ok }) => ok,
      () => false
    )
    if (answered) return
    if (await Promise.race([ended, Bun.sleep(100)])) break
  }
  throw new Error(`Keycloak ended or was not ready in time:\n${running.output()}`)
}
