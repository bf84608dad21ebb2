/** As much of Keycloak's admin API as the gateway asks, in memory, over `fetch`. For tests; a real one: apps/gateway/test/identity. */

interface User {
  readonly id: string
  readonly username: string
  readonly groups: Set<string>
  readonly body: Readonly<Record<string, unknown>>
}

interface Client {
  readonly id: string
  readonly body: Readonly<Record<string, unknown>>
  readonly mappers: Array<Readonly<Record<string, unknown>>>
  readonly scopes: Set<string>
}

export interface Asked {
  readonly method: string
  /** Below the realm, such as `/users/u1`. */
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
}

const REALM = "/admin/realms/mcp"

const json = (body: unknown, status = 200): Response => Response.json(body, { status })
const done = (status = 204): Response => new Response(null, { status })
const taken = () => json({ errorMessage: "exists" }, 409)

const page = <A>(all: ReadonlyArray<A>, query: URLSearchParams): ReadonlyArray<A> => {
  const first = Number(query.get("first") ?? 0)
  return all.slice(first, first + Number(query.get("max") ?? all.length))
}

const CLIENT = {
  enabled: true,
  publicClient: false,
  standardFlowEnabled: false,
  serviceAccountsEnabled: false,
  directAccessGrantsEnabled: false,
  implicitFlowEnabled: false,
  fullScopeAllowed: false,
  redirectUris: [],
  webOrigins: []
}

export class ScriptedKeycloak {
  readonly asked: Array<Asked> = []
  readonly groups = new Map<string, string>()
  readonly users = new Map<string, User>()
  readonly clients = new Map<string, Client>()
  readonly scopes = new Map<string, string>()
  /** Answers in its place; undefined: as usual. */
  broken: (asked: Asked) => Response | undefined = () => undefined
  private next = 1

  constructor(groups: ReadonlyArray<string> = []) {
    for (const group of groups) this.groups.set(this.id("g"), group)
  }

  private id(kind: string): string {
    return `${kind}${this.next++}`
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname, searchParams } = new URL(url)
    if (pathname.endsWith("/token")) return json({ access_token: "t", expires_in: 60 })
    const [method, path] = [init.method ?? "GET", pathname.slice(REALM.length)]
    const body = init.body === undefined || init.body === null ? {} : JSON.parse(String(init.body))
    this.asked.push({ method, path, body })
    return this.broken({ method, path, body }) ?? this.answer(method, path.split("/").slice(1), searchParams, body)
  }

  /** Groups of a user, by name. */
  groupsOf(username: string): ReadonlyArray<string> {
    const user = [...this.users.values()].find((one) => one.username === username)
    return [...(user?.groups ?? [])].map((id) => this.groups.get(id) ?? "").sort()
  }

  /** As somebody else puts a user into a group. */
  join(username: string, group: string): void {
    const id = [...this.groups].find(([, name]) => name === group)?.[0]
    const user = [...this.users.values()].find((one) => one.username === username)
    if (id !== undefined) user?.groups.add(id)
  }

  client(clientId: string): Client | undefined {
    return [...this.clients.values()].find(({ body }) => body["clientId"] === clientId)
  }

  addUser(body: Readonly<Record<string, unknown>>): Response {
    const username = String(body["username"]).toLowerCase()
    if ([...this.users.values()].some((user) => user.username === username)) return taken()
    const paths = Array.isArray(body["groups"]) ? body["groups"] : []
    const groups = [...this.groups].filter(([, name]) => paths.includes(`/${name}`)).map(([id]) => id)
    const id = this.id("u")
    this.users.set(id, { id, username, groups: new Set(groups), body })
    return done(201)
  }

  addClient(body: Readonly<Record<string, unknown>>): Response {
    const clientId = String(body["clientId"])
    if (this.client(clientId) !== undefined) return taken()
    const id = this.id("c")
    this.clients.set(id, { id, body: { ...CLIENT, ...body }, mappers: [], scopes: new Set() })
    if (body["serviceAccountsEnabled"] === true) this.addUser({ username: `service-account-${clientId}` })
    return done(201)
  }

  private answer(
    method: string,
    [kind, id, ...rest]: ReadonlyArray<string>,
    query: URLSearchParams,
    body: Readonly<Record<string, unknown>>
  ): Response {
    if (kind === undefined) return json({ realm: "mcp" })
    if (kind === "groups") return this.group(id, query)
    if (kind === "users") return this.user(method, id, rest, query, body)
    if (kind === "clients") return this.clientAnswer(method, id, rest, query, body)
    if (kind === "client-scopes") {
      if (method === "POST") this.scopes.set(this.id("s"), String(body["name"]))
      return method === "POST" ? done(201) : json([...this.scopes].map(([scope, name]) => ({ id: scope, name })))
    }
    return done(404)
  }

  private group(id: string | undefined, query: URLSearchParams): Response {
    const rows = [...this.groups].map(([group, name]) => ({ id: group, name, path: `/${name}` }))
    if (id === undefined) {
      const search = query.get("search")
      return json(page(search === null ? rows : rows.filter(({ name }) => name === search), query))
    }
    return json(page([...this.users.values()].filter(({ groups }) => groups.has(id)).map(shown), query))
  }

  private user(
    method: string,
    id: string | undefined,
    [part, group]: ReadonlyArray<string>,
    query: URLSearchParams,
    body: Readonly<Record<string, unknown>>
  ): Response {
    if (id === undefined) {
      if (method === "POST") return this.addUser(body)
      const people = [...this.users.values()].filter(({ username }) => !username.startsWith("service-account-"))
      const username = query.get("username")?.toLowerCase()
      return json(page(people.filter((user) => username === undefined || user.username === username).map(shown), query))
    }
    const user = this.users.get(id)
    if (user === undefined) return done(404)
    if (part === undefined) return done(this.users.delete(id) ? 204 : 404)
    if (method === "GET") return json([...user.groups].map((held) => ({ id: held, name: this.groups.get(held) ?? "" })))
    if (method === "PUT") user.groups.add(group ?? "")
    else user.groups.delete(group ?? "")
    return done()
  }

  private clientAnswer(
    method: string,
    id: string | undefined,
    [part, detail]: ReadonlyArray<string>,
    query: URLSearchParams,
    body: Readonly<Record<string, unknown>>
  ): Response {
    if (id === undefined) {
      if (method === "POST") return this.addClient(body)
      const clientId = query.get("clientId")
      const all: ReadonlyArray<Readonly<Record<string, unknown>>> = [...this.clients.values()].map((client) => ({
        ...client.body,
        id: client.id
      }))
      return json(page(clientId === null ? all : all.filter((client) => client["clientId"] === clientId), query))
    }
    const client = this.clients.get(id)
    if (client === undefined) return done(404)
    const account = `service-account-${String(client.body["clientId"])}`
    if (part === undefined && method === "DELETE") {
      for (const user of this.users.values()) if (user.username === account) this.users.delete(user.id)
      return done(this.clients.delete(id) ? 204 : 404)
    }
    if (part === undefined && method === "GET") return json({ ...client.body, id })
    if (part === undefined && body["serviceAccountsEnabled"] !== true) {
      // As the real one: a client put without it has no service account any more, nor its groups.
      for (const user of this.users.values()) if (user.username === account) user.groups.clear()
    }
    if (part === undefined) return done(this.clients.set(id, { ...client, body: { ...client.body, ...body } }) && 204)
    if (part === "client-secret") return json({ value: `secret-of-${String(client.body["clientId"])}` })
    if (part === "service-account-user") {
      const user = [...this.users.values()].find(({ username }) => username === account)
      return user === undefined ? done(404) : json(shown(user))
    }
    if (part === "protocol-mappers") {
      if (method === "GET") return json(client.mappers)
      client.mappers.push({ ...body, id: this.id("m") })
      return done(201)
    }
    if (method === "GET") return json([...client.scopes].map((scope) => ({ id: scope, name: this.scopes.get(scope) })))
    client.scopes.add(detail ?? "")
    return done()
  }
}

const shown = ({ body, id, username }: User) => ({ ...body, id, username })
