/** Ratings of servers: of whoever sees one, one rating each. The average is shown as the server's stars. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { RateRequest, type RatingAnswer } from "@mcpgw/api/Servers"
import { Ratings, type RatingSummary } from "@mcpgw/registry/Ratings"
import * as Effect from "effect/Effect"
import { type Caller, caller, findServer } from "./access.ts"
import { decodeOnly, fieldsOf } from "./body.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { showStars } from "./serverWrites.ts"
import { storeDown } from "./storeFailures.ts"

const decode = decodeOnly(RateRequest, Object.keys(RateRequest.fields))

/** The same person however they came in by that issuer. */
const raterOf = ({ claims }: Caller): string => JSON.stringify([claims.issuer, claims.subject])

const view = (path: string, { average, count, own }: RatingSummary): RatingAnswer => ({
  service_path: path,
  num_stars: average,
  num_ratings: count,
  my_rating: own ?? null
})

export const rate = (request: HttpServerRequest.HttpServerRequest, path: string) =>
  Effect.gen(function* () {
    const ratings = yield* Ratings
    const trail = yield* RequestTrail
    const who = yield* caller
    const { record } = yield* findServer(who, path)
    trail.rule = "api:rate_service"
    const { rating } = yield* fieldsOf(request).pipe(Effect.flatMap(decode))
    yield* Effect.catchTag(ratings.rate(record, raterOf(who), rating), "StoreUnavailable", storeDown)
    const summary = Effect.catchTag(ratings.summary(record, raterOf(who)), "StoreUnavailable", storeDown)
    yield* showStars(
      record,
      Effect.map(summary, ({ average }) => average)
    )
    trail.decision = "allow"
    return view(record.path, yield* summary)
  })

export const rating = (path: string) =>
  Effect.gen(function* () {
    const ratings = yield* Ratings
    const who = yield* caller
    const { record } = yield* findServer(who, path)
    const summary = yield* Effect.catchTag(ratings.summary(record, raterOf(who)), "StoreUnavailable", storeDown)
    return view(record.path, summary)
  })
