/** Tests over a real PostgreSQL server, which is there while they run. Imported from tests only. */
import { afterAll, beforeAll, describe } from "vitest"
import { findPostgres } from "./postgres/find.ts"
import { READY_MS, startPostgres, type TestPostgres } from "./postgres/server.ts"

/**
 * Defines tests over a server that is there while they run; skipped, with the reason printed, on a machine that can not have one. `server`
 * may be asked from within tests and hooks.
 */
export const overPostgres = (define: (server: () => TestPostgres) => void): void => {
  const programs = findPostgres()
  describe.skipIf(programs._tag === "Missing")("on PostgreSQL", () => {
    let server: TestPostgres | undefined
    beforeAll(async () => {
      if (programs._tag === "Programs") server = await startPostgres(programs)
    }, 2 * READY_MS)
    afterAll(() => server?.close())
    define(() => {
      if (server === undefined) throw new Error("the server is not there yet")
      return server
    })
  })
}
