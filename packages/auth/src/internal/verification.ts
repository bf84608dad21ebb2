/**
 * The cached, bounded side of `AuthLayer`: who verifies a credential, what is remembered of it, how many verifications run.
 * Raw credentials are keys of in-memory maps here and nothing else: never logged, hashed to disk or put into an error.
 */
import type { Claims } from "@mcpgw/domain/Principal"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { refusal } from "../Admission.ts"
import { AuthBusy, AuthUnavailable, type Unauthenticated } from "../AuthError.ts"
import type { Credential } from "../Credential.ts"
import { decode, type UnverifiedJwt } from "../UnverifiedJwt.ts"
import type { Verifier } from "../Verifiers.ts"
import { makeAftercare } from "./aftercare.ts"
import { BoundedCache } from "./boundedCache.ts"

export interface VerificationOptions {
  /** Verified credentials remembered, per kind of credential. */
  readonly capacity: number
  /** A verified credential is verified again after this, so that a withdrawn key counts before the token expires. */
  readonly maxAge: Duration.DurationInput
  /** Refused credentials remembered, per kind. */
  readonly refusedCapacity: number
  /** How long a refusal is remembered. */
  readonly refusedFor: Duration.DurationInput
  /** Verifications of a kind (signed, looked up, cookies) under way at once, those that wait for a key or their turn among them; beyond, `AuthBusy`. */
  readonly places: number
  /** A verification that takes longer ends as `AuthUnavailable`, within a second. */
  readonly deadline: Duration.DurationInput
}

type Failure = Unauthenticated | AuthUnavailable | AuthBusy

/** Shared: turning away is what a flood makes most of, and a fresh error records a stack. A place should be free again in a second. */
const BUSY = new AuthBusy({ retryAfterSeconds: 1 })

/** Claims, and how their verifier tells whether they still hold. */
interface Verified {
  readonly claims: Claims
  readonly holds: Verifier["holds"]
}

/** Kinds never share entries: a cookie's value sent as a bearer token is another credential. */
interface Lane {
  readonly verified: BoundedCache<Verified>
  readonly refused: BoundedCache<Unauthenticated>
  readonly running: Map<string, Running>
  /** Of callers who are known, and whose time had come to be verified again: they are not turned away for a crowd of strangers. */
  readonly returning: BoundedCache<true>
}

interface Running {
  readonly done: Deferred.Deferred<Claims, Failure>
  /** Epoch milliseconds. */
  readonly since: number
  fiber?: Fiber.RuntimeFiber<unknown, unknown>
}

export interface Verification {
  readonly cached: (credential: Credential) => Claims | undefined
  /** Would `authenticate` turn it away at once? */
  readonly busy: (credential: Credential) => AuthBusy | undefined
  readonly authenticate: (credential: Credential) => Effect.Effect<Claims, Failure>
  readonly isOurs: (bearer: string) => boolean
  /** Revocations aside. */
  readonly holds: (claims: Claims) => boolean
}

interface State {
  readonly verifiers: ReadonlyArray<Verifier>
  readonly options: VerificationOptions
  readonly scope: Scope.Scope
  readonly lanes: Lanes
  /** Notes who verified claims. */
  readonly vouched: (claims: Claims, verifier: Verifier) => void
}

/** Signatures wait for their turn, what is looked up does not: a crowd of the one leaves the places of the others alone. */
interface Lanes {
  readonly signed: Lane
  readonly opaque: Lane
  readonly cookie: Lane
}

/** Every JWT begins with a JSON object in base64url, no API key does. */
const laneOf = (lanes: Lanes, { kind, value }: Pick<Credential, "kind" | "value">): Lane =>
  kind === "cookie" ? lanes.cookie : value.startsWith("ey") ? lanes.signed : lanes.opaque

const allOf = ({ cookie, opaque, signed }: Lanes): ReadonlyArray<Lane> => [signed, opaque, cookie]

/** Builds it; its background work ends with the scope. */
export const makeVerification = (
  verifiers: ReadonlyArray<Verifier>,
  options: VerificationOptions
): Effect.Effect<Verification, never, Scope.Scope> =>
  Effect.gen(function* () {
    const lanes = { signed: makeLane(options), opaque: makeLane(options), cookie: makeLane(options) }
    const scope = yield* Effect.scope
    const aftercare = yield* makeAftercare
    const state: State = { verifiers, options, scope, lanes, vouched: aftercare.vouched }
    yield* Effect.map(Clock.currentTimeMillis, (now) => sweep(lanes, options, now)).pipe(
      Effect.repeat(Schedule.spaced("1 minute")),
      Effect.forkScoped
    )
    yield* Effect.flatMap(Clock.currentTimeMillis, (now) => endOverdue(state, now)).pipe(
      Effect.repeat(Schedule.spaced("1 second")),
      Effect.forkScoped
    )
    return {
      cached: (credential) => holding(laneOf(lanes, credential).verified.peek(credential.value)),
      busy: (credential) => {
        const lane = laneOf(lanes, credential)
        return turnsAway(lane, options, credential) ? BUSY : undefined
      },
      authenticate: (credential) => authenticate(state, credential),
      holds: aftercare.holds,
      // A repeated header arrives joined by ", "; each part counts.
      isOurs: (bearer) => bearer.split(/[\s,]+/).some((value) => value !== "" && isOurs(verifiers, lanes, value))
    }
  })

const holding = (known: Verified | undefined): Claims | undefined =>
  known === undefined || known.holds?.(known.claims) === false ? undefined : known.claims

// The verification belongs to the layer, not to the first caller: others may wait for it when that one leaves.
const authenticate = (state: State, credential: Credential): Effect.Effect<Claims, Failure> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const lane = laneOf(state.lanes, credential)
      const known = holding(lane.verified.get(credential.value, now))
      if (known !== undefined) return Effect.succeed(known)
      const refused = lane.refused.get(credential.value, now)
      if (refused !== undefined) return Effect.fail(refused)
      const running = lane.running.get(credential.value)
      if (running !== undefined) return restore(Deferred.await(running.done))
      if (turnsAway(lane, state.options, credential)) return Effect.fail(BUSY)
      const mine: Running = { done: Deferred.unsafeMake(FiberId.none), since: now }
      lane.running.set(credential.value, mine)
      return run(state, credential, mine).pipe(
        Effect.interruptible,
        Effect.forkIn(state.scope),
        Effect.flatMap((fiber) => {
          mine.fiber = fiber
          return restore(Deferred.await(mine.done))
        })
      )
    })
  )

const run = (state: State, credential: Credential, mine: Running) => {
  const verifier = state.verifiers.find((candidate) => candidate.recognises(credential))
  const verifying = verifier === undefined ? Effect.fail(unrecognised(credential)) : verifier.verify(credential)
  return verifying.pipe(
    Effect.tapErrorTag("AuthUnavailable", warn),
    Effect.onExit((exit) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const lane = laneOf(state.lanes, credential)
        if (lane.running.get(credential.value) !== mine) return
        remember(state.options, lane, credential.value, verifier?.holds, exit, now)
        if (verifier !== undefined && Exit.isSuccess(exit)) state.vouched(exit.value, verifier)
        lane.running.delete(credential.value)
        Deferred.unsafeDone(mine.done, exit)
      })
    )
  )
}

/** One look a second at all of them: a timer for each would cost more than the rest of a verification but its signature. */
const endOverdue = ({ lanes, options }: State, now: number): Effect.Effect<void> => {
  const since = now - Duration.toMillis(options.deadline)
  const overdue: Array<Effect.Effect<void>> = []
  for (const { running } of allOf(lanes)) {
    for (const [key, one] of running) {
      if (one.since > since) continue
      running.delete(key)
      const failure = unavailable("verification took too long")
      Deferred.unsafeDone(one.done, Exit.fail(failure))
      overdue.push(warn(failure))
      if (one.fiber !== undefined) overdue.push(Fiber.interruptFork(one.fiber))
    }
  }
  return Effect.all(overdue, { discard: true })
}

const warn = ({ issuer, problem }: AuthUnavailable): Effect.Effect<void> =>
  Effect.logWarning("A credential could not be checked").pipe(Effect.annotateLogs({ issuer, problem }))

const remember = (
  options: VerificationOptions,
  lane: Lane,
  key: string,
  holds: Verifier["holds"],
  exit: Exit.Exit<Claims, Failure>,
  now: number
): void => {
  if (Exit.isSuccess(exit)) {
    const until = Math.min(exit.value.expiresAt * 1000, now + Duration.toMillis(options.maxAge))
    lane.verified.set(key, { claims: exit.value, holds }, until)
    return
  }
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (failure?._tag === "Unauthenticated") {
    lane.refused.set(key, failure, now + Duration.toMillis(options.refusedFor))
  }
}

/** No place is free, and it is neither answered before nor being looked at. */
const turnsAway = (
  { refused, returning, running, verified }: Lane,
  { places }: VerificationOptions,
  { value }: Credential
): boolean =>
  running.size >= places &&
  !running.has(value) &&
  verified.peek(value) === undefined &&
  refused.peek(value) === undefined &&
  returning.peek(value) === undefined

const makeLane = (options: VerificationOptions): Lane => ({
  verified: new BoundedCache(options.capacity),
  refused: new BoundedCache(options.refusedCapacity),
  running: new Map(),
  returning: new BoundedCache(options.capacity)
})

const sweep = (lanes: Lanes, { maxAge }: VerificationOptions, now: number): void => {
  for (const lane of allOf(lanes)) {
    lane.refused.sweep(now)
    lane.returning.sweep(now)
    for (const key of lane.verified.sweep(now)) lane.returning.set(key, true, now + Duration.toMillis(maxAge))
  }
}

const isOurs = (verifiers: ReadonlyArray<Verifier>, lanes: Lanes, value: string): boolean =>
  allOf(lanes).some(({ verified }) => verified.peek(value) !== undefined) ||
  verifiers.some((verifier) => verifier.recognises({ kind: "bearer", value, header: "authorization" }))

const unrecognised = (credential: Credential): Unauthenticated => {
  if (credential.kind === "cookie") return refusal("session_expired")
  const token = decode(credential.value)
  if (token === undefined) return refusal("malformed")
  return refusal(isOfReplacedSystem(token) ? "replaced_system" : "unknown_issuer")
}

/** contracts.md §2.5: whoever knew the shared secret could have made it. Told apart for the words of the refusal alone. */
const isOfReplacedSystem = ({ header, payload }: UnverifiedJwt): boolean =>
  header["alg"] === "HS256" && payload["iss"] === "mcp-auth-server"

const unavailable = (problem: string): AuthUnavailable => new AuthUnavailable({ issuer: "gateway", problem })
