/**
 * An administrator who writes all kinds of things, one after another in several lines at once, and knows of each thing what it must look like:
 * what the last acknowledged write made of it or, when a write of it got no answer, that or what it was before. For tests only.
 */
import * as fc from "fast-check"
import { assert } from "vitest"
import { PASSWORD } from "./Box.ts"

export const KINDS = ["register", "edit", "toggle", "remove", "credential", "rating", "group", "key"] as const
type Kind = (typeof KINDS)[number]

/** How often each comes. */
const WEIGHTS: Record<Kind, number> = {
  register: 24,
  edit: 20,
  toggle: 10,
  remove: 8,
  credential: 12,
  rating: 10,
  group: 3,
  key: 10
}

interface Wanted {
  readonly kind: Kind
  /** Which of the things there are. */
  readonly pick: number
  readonly size: number
}

/** What is shown of a thing; undefined: it is not there. */
type Look = string | undefined

interface Request {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  /** Answers that acknowledge it. */
  readonly ok: number
}

/** A write: of which thing, and how that looks then. */
interface Write {
  readonly thing: string
  readonly after: Look
  readonly request: Request
  /** Runs once it is acknowledged, with the answer. */
  readonly done?: (answer: string) => void
}

interface Server {
  readonly path: string
  description: string
  enabled: boolean
  mark: string
  stars: number
}

const serverLook = ({ description, enabled, mark, stars }: Omit<Server, "path">): string =>
  JSON.stringify([description, enabled, mark, stars])

const member = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value
  )

const listAt = (value: unknown, key: string): ReadonlyArray<unknown> => {
  const list = member(value, key)
  return Array.isArray(list) ? list : []
}

export interface Writer {
  readonly signIn: () => Promise<void>
  readonly headers: (more?: Readonly<Record<string, string>>) => Readonly<Record<string, string>>
  /** Writes on in `lines` until all is written or no answer comes. */
  readonly work: () => Promise<unknown>
  /** Writes acknowledged, and of which kinds. */
  readonly acknowledged: ReadonlyMap<Kind, number>
  readonly count: () => number
  readonly isDone: () => boolean
  /** Compares what there is with what there must be; from then on what there is holds. Answers how many things were in doubt. */
  readonly check: () => Promise<number>
  /** Paths of what is registered, with descriptions. */
  readonly held: () => Promise<ReadonlyMap<string, string>>
}

/** What a line of work owns; nobody else writes to it. */
interface Line {
  readonly servers: Array<Server>
  readonly groups: Array<string>
  readonly keys: Array<{ readonly id: string; readonly name: string }>
}

/** `seed` decides which writes come; `lines`: how many at once. */
export const makeWriter = (url: string, seed: number, most: number, lines: number): Writer => {
  const wanted = fc.sample(
    fc.record<Wanted>({
      kind: fc.oneof(...KINDS.map((kind) => ({ weight: WEIGHTS[kind], arbitrary: fc.constant(kind) }))),
      pick: fc.nat(10_000),
      size: fc.nat(500)
    }),
    { seed, numRuns: most }
  )
  const known = new Map<string, Look>()
  const doubts = new Map<string, Look>()
  const owned = Array.from({ length: lines }, (): Line => ({ servers: [], groups: [], keys: [] }))
  const acknowledged = new Map<Kind, number>()
  let cookie = ""
  let next = 0

  const headers: Writer["headers"] = (more = {}) => ({ accept: "application/json", cookie, ...more })

  const send = async ({ body, method, path }: Omit<Request, "ok">): Promise<{ status: number; text: string }> => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(url + path, {
      method,
      headers: headers(body === undefined ? {} : { "content-type": "application/json" }),
      ...sent
    })
    return { status: response.status, text: await response.text() }
  }

  const read = async (path: string): Promise<unknown> => {
    const { status, text } = await send({ method: "GET", path })
    assert.strictEqual(status, 200, `${path}: ${text.slice(0, 300)}`)
    return JSON.parse(text)
  }

  /** False: no answer came. */
  const write = async (kind: Kind, { after, done, request, thing }: Write): Promise<boolean> => {
    try {
      const { status, text } = await send(request)
      assert.strictEqual(status, request.ok, `${request.method} ${request.path}: ${text.slice(0, 300)}`)
      known.set(thing, after)
      done?.(text)
      acknowledged.set(kind, (acknowledged.get(kind) ?? 0) + 1)
      return true
    } catch (error) {
      if (error instanceof Error && error.name === "AssertionError") throw error
      doubts.set(thing, after)
      return false
    }
  }

  const registration = (line: Line, { size }: Wanted, n: number): Write => {
    const server: Server = {
      path: `/server-${n}`,
      description: `Number ${n}, ${"x".repeat(size)}.`,
      enabled: false,
      mark: "",
      stars: 0
    }
    // Off, or a thousand of them would be checked, which is not what these tests are about.
    const body = {
      server_name: `Server ${n}`,
      path: server.path,
      description: server.description,
      proxy_pass_url: `http://127.0.0.1:1/${n}/mcp`,
      is_enabled: false
    }
    return {
      thing: server.path,
      after: serverLook(server),
      request: { method: "POST", path: "/api/servers", body, ok: 201 },
      done: () => void line.servers.push(server)
    }
  }

  const change = (server: Server, more: Partial<Server>, request: Request): Write => ({
    thing: server.path,
    after: serverLook({ ...server, ...more }),
    request,
    done: () => void Object.assign(server, more)
  })

  const onServer = (server: Server, { kind, pick, size }: Wanted, n: number): Write => {
    const { path } = server
    switch (kind) {
      case "toggle": {
        const enabled = !server.enabled
        const body = { enabled: enabled ? "on" : "off" }
        return change(server, { enabled }, { method: "POST", path: `/api/toggle${path}`, body, ok: 200 })
      }
      case "credential": {
        const mark = `X-Mark-${n}`
        const body = { auth_scheme: "bearer", auth_credential: `secret-${n}`, headers: [{ [mark]: `value-${n}` }] }
        return change(server, { mark }, { method: "PUT", path: `/api/credentials${path}`, body, ok: 200 })
      }
      case "rating": {
        const stars = (pick % 5) + 1
        const request = { method: "POST", path: `/api/servers${path}/rate`, body: { rating: stars }, ok: 200 }
        return change(server, { stars }, request)
      }
      default: {
        const description = `Edited by ${n}, ${"y".repeat(size)}.`
        return change(
          server,
          { description },
          { method: "PATCH", path: `/api/servers${path}`, body: { description }, ok: 200 }
        )
      }
    }
  }

  const removal = (line: Line, server: Server): Write => ({
    thing: server.path,
    after: undefined,
    request: { method: "DELETE", path: `/api/servers${server.path}`, ok: 200 },
    done: () => void line.servers.splice(line.servers.indexOf(server), 1)
  })

  const group = ({ groups }: Line, { pick }: Wanted, n: number): Write => {
    const old = groups[pick % 8]
    if (old !== undefined) {
      return {
        thing: `group ${old}`,
        after: undefined,
        request: { method: "DELETE", path: `/api/groups/${old}`, ok: 200 },
        done: () => void groups.splice(groups.indexOf(old), 1)
      }
    }
    const name = `team-${n}`
    return {
      thing: `group ${name}`,
      after: "there",
      request: { method: "POST", path: "/api/groups", body: { name }, ok: 201 },
      done: () => void groups.push(name)
    }
  }

  const key = ({ keys }: Line, { pick }: Wanted, n: number): Write => {
    const old = keys[pick % 5]
    if (old !== undefined) {
      return {
        thing: `key ${old.name}`,
        after: undefined,
        request: { method: "DELETE", path: `/api/keys/${old.id}`, ok: 200 },
        done: () => void keys.splice(keys.indexOf(old), 1)
      }
    }
    const name = `key-${n}`
    return {
      thing: `key ${name}`,
      after: "there",
      request: { method: "POST", path: "/api/keys", body: { name }, ok: 201 },
      done: (answer) => void keys.push({ id: String(member(JSON.parse(answer), "id")), name })
    }
  }

  const planOf = (line: Line, one: Wanted, n: number): { readonly kind: Kind; readonly write: Write } => {
    if (one.kind === "group") return { kind: one.kind, write: group(line, one, n) }
    if (one.kind === "key") return { kind: one.kind, write: key(line, one, n) }
    const server = line.servers[one.pick % Math.max(1, line.servers.length)]
    if (one.kind === "register" || server === undefined) return { kind: "register", write: registration(line, one, n) }
    return { kind: one.kind, write: one.kind === "remove" ? removal(line, server) : onServer(server, one, n) }
  }

  const workOn = async (line: Line): Promise<void> => {
    for (;;) {
      const n = next++
      const one = wanted[n]
      if (one === undefined) return
      const { kind, write: planned } = planOf(line, one, n)
      if (!(await write(kind, planned))) return
    }
  }

  /** Everything there is that a write may have made. */
  const look = async (): Promise<Map<string, Look>> => {
    const [servers, groups, keys] = await Promise.all(["/api/server_details/all", "/api/groups", "/api/keys"].map(read))
    const seen = new Map<string, Look>()
    for (const [path, record] of Object.entries(typeof servers === "object" && servers !== null ? servers : {})) {
      if (!path.startsWith("/server-")) continue
      const marks = listAt(record, "headers").flatMap((header) => Object.keys(Object(header)))
      const mark = marks.join()
      const [description, enabled, stars] = ["description", "is_enabled", "num_stars"].map((name) =>
        member(record, name)
      )
      assert.strictEqual(member(record, "has_credential"), mark !== "", `${path}: the record and its secrets`)
      seen.set(
        path,
        serverLook({ description: String(description), enabled: enabled === true, mark, stars: Number(stars) })
      )
    }
    for (const one of listAt(groups, "groups")) {
      const name = String(member(one, "name"))
      if (name.startsWith("team-")) seen.set(`group ${name}`, "there")
    }
    for (const one of listAt(keys, "keys")) seen.set(`key ${String(member(one, "name"))}`, "there")
    return seen
  }

  /** What is kept beside the records, of those that nobody was writing to. */
  const lookBeside = async (): Promise<void> => {
    for (const { mark, path, stars } of owned.flatMap(({ servers }) => servers)) {
      if (doubts.has(path)) continue
      if (mark !== "") assert.strictEqual(member(await read(`/api/credentials${path}`), "problem"), null, path)
      if (stars > 0) assert.strictEqual(member(await read(`/api/servers${path}/rating`), "my_rating"), stars, path)
    }
  }

  /** What was in doubt is what it was found as; what its line knows of it is not worth the words: it works on others. */
  const settle = (seen: ReadonlyMap<string, Look>): void => {
    for (const thing of doubts.keys()) {
      known.set(thing, seen.get(thing))
      for (const { groups, keys, servers } of owned) {
        for (const list of [servers, groups, keys]) {
          const at = list.findIndex((one) =>
            typeof one === "string"
              ? thing === `group ${one}`
              : "path" in one
                ? one.path === thing
                : `key ${one.name}` === thing
          )
          if (at >= 0) list.splice(at, 1)
        }
      }
    }
    doubts.clear()
  }

  return {
    headers,
    acknowledged,
    count: () => [...acknowledged.values()].reduce((sum, n) => sum + n, 0),
    isDone: () => next >= most,
    work: () => Promise.all(owned.map(workOn)),
    signIn: async () => {
      const body = new URLSearchParams({ username: "admin", password: PASSWORD })
      const response = await fetch(`${url}/api/auth/login`, { method: "POST", headers: headers(), body })
      assert.strictEqual(response.status, 200)
      cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
    },
    check: async () => {
      const seen = await look()
      for (const thing of new Set([...known.keys(), ...doubts.keys(), ...seen.keys()])) {
        const may = doubts.has(thing) ? [known.get(thing), doubts.get(thing)] : [known.get(thing)]
        assert.include(may, seen.get(thing), thing)
      }
      await lookBeside()
      const inDoubt = doubts.size
      settle(seen)
      return inDoubt
    },
    held: async () => {
      const records = await read("/api/server_details/all")
      return new Map(
        Object.entries(Object(records)).map(([path, record]) => [path, String(member(record, "description"))])
      )
    }
  }
}
