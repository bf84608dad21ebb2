/** What a person does about their own account: sessions and password. Contract only; for browser sessions, never for tokens. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Forbidden, NotFound, TooLarge, TooManyRequests, Unavailable } from "./ApiError.ts"
import { Done } from "./Auth.ts"
import { Authentication } from "./Authentication.ts"
import { KNOWN_ONLY } from "./everyError.ts"

const SessionItem = Schema.Struct({
  id: Schema.String,
  /** The one this request came with. */
  current: Schema.Boolean,
  /** ISO 8601; null for sessions from before it was written down. */
  created_at: Schema.NullOr(Schema.String),
  expires_at: Schema.String,
  provider: Schema.String,
  /** The browser's `User-Agent`. */
  browser: Schema.NullOr(Schema.String),
  remote: Schema.NullOr(Schema.String)
})

const SessionList = Schema.Struct({ sessions: Schema.Array(SessionItem) })

const password = Schema.String.pipe(Schema.nonEmptyString(), Schema.maxLength(4096))

export const ChangePassword = Schema.Struct({
  old_password: password,
  /** 12 to 1024 characters, no common password and not the user name. */
  new_password: password
})

const sessions = HttpApiEndpoint.get("sessions", "/api/account/sessions")
  .addSuccess(SessionList)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "List one's own sessions")
  .annotate(OpenApi.Description, "One's living sessions, the newest first.")

const endSession = HttpApiEndpoint.del("endSession", "/api/account/sessions/:id")
  .setPath(Schema.Struct({ id: Schema.String }))
  .addSuccess(Done)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "End one of one's own sessions")
  .annotate(OpenApi.Description, "Ends one of one's sessions, everywhere at once.")

const endSessions = HttpApiEndpoint.del("endSessions", "/api/account/sessions")
  .setUrlParams(
    Schema.Struct({
      /** Also end every token made until now. */
      tokens: Schema.optionalWith(Schema.BooleanFromString, { exact: true })
    }).annotations(KNOWN_ONLY)
  )
  .addSuccess(Done)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Sign out everywhere")
  .annotate(
    OpenApi.Description,
    "Signs out everywhere, this session included; with tokens=true it ends one's tokens too."
  )

const changePassword = HttpApiEndpoint.post("changePassword", "/api/account/password")
  .setPayload(ChangePassword)
  .addSuccess(Done)
  .addError(BadRequest.schema)
  .addError(Forbidden.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Change one's own password")
  .annotate(
    OpenApi.Description,
    "Changes the password of a local account. Ends one's other sessions and what one had allowed clients; tokens and keys one made stay."
  )

export class AccountGroup extends HttpApiGroup.make("account")
  .add(sessions)
  .add(endSession)
  .add(endSessions)
  .add(changePassword)
  .middleware(Authentication) {}
