/**
 * Two whole gateways over one database, started at once while it is empty: what is done at one is seen at the other within a second, and of
 * two who change what both have read one does. For tests only.
 */
import { type TestGateway, startGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { callTool, caller, openSession, post } from "@mcpgw/testkit/McpRequest"
import { freePort, tempDir } from "@mcpgw/testkit/Process"
import { type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

/** What is promised. */
const SECOND_MS = 1_000
/** What a busy machine may make of it, now and then: of all that is tried, half is within the second, and each within this. */
const BUSY_MS = 3_000

/** Two starts at once on a busy machine. */
const START_MS = 60_000

interface Answer {
  readonly status: number
  readonly etag: string
  readonly body: unknown
}

interface Side {
  readonly url: string
  /** As the administrator, unless `headers` bring another cookie. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>
  ) => Promise<Answer>
}

const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value
  )

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const sideOf = ({ url }: TestGateway, cookie: string): Side => ({
  url,
  ask: async (method, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { cookie, accept: "application/json", "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    return {
      status: response.status,
      etag: response.headers.get("etag") ?? "",
      body: parsed(await response.text())
    }
  }
})

/** Milliseconds until it was so. */
const until = async (what: string, seen: () => Promise<boolean>): Promise<number> => {
  const began = performance.now()
  while (!(await seen())) {
    if (performance.now() - began > BUSY_MS) throw new Error(`${what}: not seen within ${BUSY_MS} ms`)
    await Bun.sleep(10)
  }
  return performance.now() - began
}

/** What is done at one, and what the other shows once it knows. */
interface Row {
  readonly what: string
  readonly act: () => Promise<Answer>
  readonly status?: number
  readonly seen: () => Promise<boolean>
}

const SERVER = "/api/servers/shared"

export const twinsSuite = (name: string, database: () => Promise<string>): void => {
  describe(`two gateways over ${name}`, () => {
    const keys = tempDir("twins")
    let twins: ReadonlyArray<TestGateway> = []
    let backend: ScriptedServer
    let a: Side
    let b: Side
    let signIn: () => Promise<string>

    beforeAll(async () => {
      backend = await startScripted(legacyScript({ tools: ["echo"] }))
      const env = {
        MCPGW_DATABASE_URL: await database(),
        MCPGW_KEYS_DIR: keys.path,
        MCPGW_POLICY: "store",
        MCPGW_PUBLIC_URL: `http://127.0.0.1:${await freePort()}`,
        HEALTH_CHECK_INTERVAL_SECONDS: "3600"
      }
      twins = await Promise.all([startGateway({ env, readyMs: START_MS }), startGateway({ env, readyMs: START_MS })])
      const [one, other] = twins
      if (one === undefined || other === undefined) throw new Error("two were started")
      signIn = one.signIn
      const cookie = await signIn()
      a = sideOf(one, cookie)
      b = sideOf(other, cookie)
    })

    afterAll(async () => {
      await Promise.all(twins.map(({ close }) => close()))
      await backend?.stop()
      keys.remove()
    })

    it("both come up over the empty database, with everything there once", async () => {
      for (const { ask } of [a, b]) {
        const { body } = await ask("GET", "/api/servers")
        assert.strictEqual(at(body, "total"), 2)
        assert.strictEqual((await ask("GET", "/api/policy")).status, 200)
      }
    })

    /** Status of a call of the backend's tool through the other gateway. */
    const called = async (token: string): Promise<number> => {
      const who = caller(`${b.url}/shared/mcp`, token)
      const opened = await openSession(who).catch(() => undefined)
      return opened === undefined ? 403 : (await post(opened, callTool("echo"))).status
    }

    const tokenFor = async ({ url }: Side, client: string, secret: string): Promise<string | undefined> => {
      const grant = { grant_type: "client_credentials", client_id: client, client_secret: secret }
      const response = await fetch(`${url}/oauth/token`, { method: "POST", body: new URLSearchParams(grant) })
      const token = at(parsed(await response.text()), "access_token")
      return typeof token === "string" ? token : undefined
    }

    /** Done in this order; each is timed from its answer at the one until the other shows it. */
    const rows = async (): Promise<ReadonlyArray<Row>> => {
      const shown = async (path: string, ...names: ReadonlyArray<string | number>): Promise<unknown> =>
        at((await b.ask("GET", path)).body, ...names)
      const cookie = await signIn()
      const bot = at((await a.ask("POST", "/api/agents", { name: "bot", groups: ["team"] })).body, "client_id")
      const first = at((await a.ask("POST", "/api/agents/bot/secrets", {})).body, "secret")
      const token = await tokenFor(a, String(bot), String(first))
      assert.isDefined(token)
      let second = ""
      const server = { server_name: "shared", path: "/shared", proxy_pass_url: backend.url, description: "first" }
      return [
        {
          what: "registration",
          act: () => a.ask("POST", "/api/servers", server),
          status: 201,
          seen: async () => (await b.ask("GET", SERVER)).status === 200 && (await called(token ?? "")) === 403
        },
        {
          what: "group",
          act: async () => {
            assert.strictEqual((await a.ask("POST", "/api/groups", { name: "team" })).status, 201)
            return a.ask("PUT", "/api/groups/team/servers/shared", { tools: "*" })
          },
          seen: async () => (await called(token ?? "")) === 200
        },
        {
          what: "credential",
          act: () =>
            a.ask("PUT", "/api/credentials/shared", { auth_scheme: "bearer", auth_credential: "of the server" }),
          seen: async () => {
            await called(token ?? "")
            return backend.seen.at(-1)?.headers.get("authorization") === "Bearer of the server"
          }
        },
        {
          what: "edit",
          act: () => a.ask("PATCH", SERVER, { description: "second" }),
          seen: async () => (await shown(SERVER, "description")) === "second"
        },
        {
          what: "rating",
          act: () => a.ask("POST", `${SERVER}/rate`, { rating: 5 }),
          seen: async () => (await shown(SERVER, "num_stars")) === 5
        },
        {
          what: "collaborator",
          act: () => {
            const collaborators = [{ kind: "group", name: "team", role: "manager" }]
            return a.ask("PUT", `${SERVER}/collaborators`, { collaborators })
          },
          seen: async () => (await shown(`${SERVER}/collaborators`, "collaborators", 0, "name")) === "team"
        },
        {
          what: "session's end",
          act: async () => {
            assert.strictEqual((await b.ask("GET", "/api/auth/me", undefined, { cookie })).status, 200)
            return a.ask("POST", "/api/auth/logout", undefined, { cookie })
          },
          seen: async () => (await b.ask("GET", "/api/auth/me", undefined, { cookie })).status === 401
        },
        {
          what: "agent's secret",
          act: async () => {
            const made = await a.ask("POST", "/api/agents/bot/secrets", { end_others_after_hours: 0 })
            second = String(at(made.body, "secret"))
            return made
          },
          status: 201,
          seen: async () =>
            (await tokenFor(b, String(bot), String(first))) === undefined &&
            (await tokenFor(b, String(bot), second)) !== undefined
        },
        {
          what: "group's server",
          act: () => a.ask("DELETE", "/api/groups/team/servers/shared"),
          seen: async () => (await called(token ?? "")) === 403
        },
        {
          what: "switch",
          act: () => a.ask("POST", "/api/toggle/shared", { enabled: "off" }),
          seen: async () => (await shown(SERVER, "is_enabled")) === false
        },
        {
          what: "removal",
          act: () => a.ask("DELETE", SERVER),
          seen: async () => (await b.ask("GET", SERVER)).status === 404
        }
      ]
    }

    it("design §1: what is done at one is seen at the other within a second", async () => {
      const times: Array<readonly [what: string, ms: number]> = []
      for (const { act, seen, status = 200, what } of await rows()) {
        const answer = await act()
        assert.strictEqual(answer.status, status, `${what}: ${JSON.stringify(answer.body)}`)
        times.push([what, Math.round(await until(what, seen))])
      }
      const told = times.map(([what, ms]) => `${what} ${ms}`).join(", ")
      process.stdout.write(`milliseconds until the other of two gateways over ${name} had it: ${told}\n`)
      const sorted = times.map(([, ms]) => ms).toSorted((x, y) => x - y)
      assert.isBelow(sorted[Math.floor(sorted.length / 2)] ?? Infinity, SECOND_MS, told)
    })

    const ROUNDS = 10

    it("RFC 9110 §13.1.1: of two with one If-Match, each at another gateway, one changes it and the other gets 412", async () => {
      const server = { server_name: "matched", path: "/matched", proxy_pass_url: backend.url, is_enabled: false }
      assert.strictEqual((await a.ask("POST", "/api/servers", server)).status, 201)
      for (let round = 0; round < ROUNDS; round++) {
        const path = "/api/servers/matched"
        let etag = ""
        await until("the same document", async () => {
          etag = (await a.ask("GET", path)).etag
          return etag !== "" && etag === (await b.ask("GET", path)).etag
        })
        const headers = { "if-match": etag }
        const answers = await Promise.all([
          a.ask("PATCH", path, { description: `a ${round}` }, headers),
          b.ask("PATCH", path, { license: `b ${round}` }, headers)
        ])
        assert.deepStrictEqual(answers.map(({ status }) => status).toSorted(), [200, 412])
        const won = answers[0]?.status === 200
        const { body } = await (won ? b : a).ask("GET", path)
        assert.strictEqual(at(body, "description") === `a ${round}`, won)
        assert.strictEqual(at(body, "license") === `b ${round}`, !won)
      }
    })

    it("without If-Match nothing of either is lost", async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const path = "/api/servers/matched"
        const answers = await Promise.all([
          a.ask("PATCH", path, { description: `both ${round}` }),
          b.ask("PATCH", path, { license: `both ${round}` })
        ])
        assert.deepStrictEqual(
          answers.map(({ status }) => status),
          [200, 200]
        )
        await until("both changes", async () => {
          const { body } = await a.ask("GET", path)
          return at(body, "description") === `both ${round}` && at(body, "license") === `both ${round}`
        })
      }
    })
  })
}
