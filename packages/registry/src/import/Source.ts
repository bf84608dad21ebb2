/**
 * Another registry, read by the official protocol: one page, or one server by name. Bounded in bytes and time, asked again when it stumbles.
 * What it says is data; nothing here judges an entry.
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { SourceFetch, type SourceUnreachable } from "./SourceFetch.ts"

/** Limits of one request. */
export interface SourceLimits {
  /** Longest answer, in bytes. */
  readonly maxBytes: number
  /** Time for an answer, body included, in milliseconds. */
  readonly timeoutMs: number
  /** How often it is asked again, and the first pause, in milliseconds; each further one is twice as long, or what `Retry-After` says. */
  readonly retries: number
  readonly pauseMs: number
}

export const SOURCE_LIMITS: SourceLimits = { maxBytes: 16 * 1024 * 1024, timeoutMs: 30_000, retries: 4, pauseMs: 1_000 }

/** Entries a page is asked for. */
const PAGE_SIZE = 100
const LONGEST_PAUSE_MS = 60_000

/** Which registry is asked. */
export interface Source {
  /** The address its requests begin with. */
  readonly from: string
  /** The name under which a credential for it is kept. */
  readonly credential?: string
}

/** The source does not answer as a registry does. `passing`: it may when it is asked again. */
export class SourceFailed extends Data.TaggedError("SourceFailed")<{
  readonly problem: string
  readonly passing: boolean
  /** It has nothing to do with the page that was asked for: absent, it may have. */
  readonly anyPage?: boolean
  readonly retryAfterMs?: number
}> {
  override get message(): string {
    return this.problem
  }
}

export interface SourcePage {
  readonly entries: ReadonlyArray<unknown>
  readonly nextCursor: string | undefined
}

/** What is wrong with the text as the address of a registry; else the address requests begin with. */
export const sourceBase = (text: string): Either.Either<string, string> => {
  const url = URL.parse(text.trim())
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    return Either.left("must be the https:// or http:// address of a registry")
  }
  if (url.username !== "" || url.password !== "") return Either.left("must not hold a user name or password")
  if (url.search !== "" || url.hash !== "") return Either.left("must not hold a query or a fragment")
  const base = url.href.replace(/\/+$/, "").replace(/\/servers$/, "")
  return Either.right(/\/v0(?:\.1)?$/.test(base) ? base : `${base}/v0.1`)
}

const readAll = async (response: Response, most: number): Promise<string | undefined> => {
  const reader = response.body?.getReader()
  if (reader === undefined) return ""
  const chunks: Array<Uint8Array> = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks).toString("utf8")
    size += value.byteLength
    if (size > most) {
      await reader.cancel()
      return undefined
    }
    chunks.push(value)
  }
}

const retryAfter = (response: Response): { readonly retryAfterMs?: number } => {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1_000 } : {}
}

const unreachable = ({ message, passing }: SourceUnreachable): SourceFailed =>
  new SourceFailed({ problem: message, passing, anyPage: true })

const GIVE = "`auth_credential` of the API, or `--from-token-file` of `mcpgw import registry`"

/** What an answer that is none of a registry means, and what to do. */
const problemOf = (status: number, { credential }: Source): string => {
  if (status === 401) {
    return credential === undefined
      ? `The registry answered with status 401: it wants a credential. Give it one: ${GIVE}`
      : `The registry answered with status 401: it does not take the credential. Give it another one: ${GIVE}`
  }
  if (status === 403) {
    return credential === undefined
      ? `The registry answered with status 403: it does not let this gateway in. If it wants a credential, give it one: ${GIVE}`
      : `The registry answered with status 403: the credential does not allow this. Give it another one: ${GIVE}`
  }
  return status >= 300 && status < 400
    ? `The registry answered with status ${status}: it is elsewhere, and redirects are not followed. Import from its new address`
    : `The registry answered with status ${status}`
}

/** An answer, whole. `undefined`: 404. */
const read = (response: Response, source: Source, limits: SourceLimits) =>
  Effect.gen(function* () {
    if (response.status === 404) return undefined
    if (response.status !== 200) {
      const { status } = response
      const passing = status === 429 || status >= 500
      const anyPage = status === 401 || status === 403
      return yield* new SourceFailed({
        problem: problemOf(status, source),
        passing,
        anyPage,
        ...retryAfter(response)
      })
    }
    const broken = new SourceFailed({ problem: "The registry's answer broke off", passing: true })
    const text = yield* Effect.tryPromise({ try: () => readAll(response, limits.maxBytes), catch: () => broken })
    if (text === undefined) {
      return yield* new SourceFailed({
        problem: `The registry's answer is longer than ${limits.maxBytes} bytes`,
        passing: false
      })
    }
    return yield* Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: () => new SourceFailed({ problem: "The registry's answer is no JSON", passing: true })
    })
  })

/** One request, whole. `undefined`: 404. Whatever was not read to its end is closed with it. */
const once = (url: string, source: Source, limits: SourceLimits) =>
  Effect.acquireUseRelease(
    Effect.sync(() => new AbortController()),
    ({ signal }) =>
      Effect.gen(function* () {
        const fetch = yield* SourceFetch
        const { credential: ref, from } = source
        const credential = ref === undefined ? undefined : { ref, source: from }
        const response = yield* Effect.mapError(fetch(url, signal, credential), unreachable)
        return yield* read(response, source, limits)
      }),
    (request) => Effect.sync(() => request.abort())
  ).pipe(
    Effect.timeoutFail({
      duration: Duration.millis(limits.timeoutMs),
      onTimeout: () =>
        new SourceFailed({ problem: `The registry did not answer within ${limits.timeoutMs / 1_000} s`, passing: true })
    })
  )

const get = (url: string, source: Source, limits: SourceLimits) =>
  Effect.gen(function* () {
    let pause = limits.pauseMs
    for (let attempt = 0; ; attempt++) {
      const result = yield* Effect.either(once(url, source, limits))
      if (Either.isRight(result)) return result.right
      if (!result.left.passing || attempt >= limits.retries) return yield* result.left
      yield* Effect.sleep(Duration.millis(Math.min(result.left.retryAfterMs ?? pause, LONGEST_PAUSE_MS)))
      pause *= 2
    }
  })

const Text = Schema.optionalWith(Schema.NullOr(Schema.String), { exact: true })
/** Of one page, whatever was asked for: each becomes a report that is kept. */
const MOST_ENTRIES = 1_000
/** Longest cursor, in characters: it is kept with the job, and goes back in an address. */
const LONGEST_CURSOR = 2_048
const decodeList = Schema.decodeUnknownEither(
  Schema.Struct({
    servers: Schema.NullOr(Schema.Array(Schema.Unknown)),
    metadata: Schema.optionalWith(Schema.NullOr(Schema.Struct({ nextCursor: Text, next_cursor: Text })), {
      exact: true
    })
  })
)

const notARegistry = ({ from }: Source) =>
  new SourceFailed({
    problem: `The address does not speak the registry protocol: there is no list of servers at ${from}/servers`,
    passing: false
  })

/** The latest version of every server, page by page; `updatedSince` (RFC 3339) narrows it to what changed, deleted ones included. */
export const fetchPage = (
  source: Source,
  asked: { readonly cursor: string | undefined; readonly updatedSince: string | undefined },
  limits: SourceLimits
): Effect.Effect<SourcePage, SourceFailed, SourceFetch> =>
  Effect.gen(function* () {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), version: "latest" })
    if (asked.updatedSince !== undefined) query.set("updated_since", asked.updatedSince)
    if (asked.cursor !== undefined) query.set("cursor", asked.cursor)
    const list = decodeList(yield* get(`${source.from}/servers?${query}`, source, limits))
    if (Either.isLeft(list)) return yield* notARegistry(source)
    const { metadata, servers } = list.right
    if ((servers?.length ?? 0) > MOST_ENTRIES) {
      return yield* new SourceFailed({
        problem: `The registry sent more than ${MOST_ENTRIES} entries as one page; ${PAGE_SIZE} were asked for`,
        passing: false
      })
    }
    const next = metadata?.nextCursor ?? metadata?.next_cursor ?? ""
    if (next.length > LONGEST_CURSOR) {
      return yield* new SourceFailed({
        problem: `The registry sent a cursor of ${next.length} characters; at most ${LONGEST_CURSOR} are kept`,
        passing: false
      })
    }
    return { entries: servers ?? [], nextCursor: next === "" ? undefined : next }
  })

/** The latest version of one server; undefined when the registry does not know it. */
export const fetchOne = (
  source: Source,
  name: string,
  limits: SourceLimits
): Effect.Effect<unknown, SourceFailed, SourceFetch> =>
  get(`${source.from}/servers/${encodeURIComponent(name)}/versions/latest`, source, limits)
