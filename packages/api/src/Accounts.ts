/** Everybody's accounts, local ones and those of identity providers, for administrators. Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadGateway, BadRequest, Conflict, Forbidden, TooLarge, Unavailable } from "./ApiError.ts"
import { Groups } from "./Agents.ts"
import { Authentication } from "./Authentication.ts"

export const AccountView = Schema.Struct({
  username: Schema.String,
  /** `local`, or the name of the identity provider that vouches for the person. */
  provider: Schema.String,
  email: Schema.NullOr(Schema.String),
  display_name: Schema.NullOr(Schema.String),
  groups: Schema.Array(Schema.String),
  disabled: Schema.Boolean
}).annotations({ identifier: "Account" })
export type AccountView = typeof AccountView.Type

export const ChangeAccount = Schema.Struct({
  groups: Schema.optionalWith(Groups, { exact: true }),
  disabled: Schema.optionalWith(Schema.Boolean, { exact: true })
})

const list = HttpApiEndpoint.get("list", "/api/accounts")
  .addSuccess(Schema.Struct({ accounts: Schema.Array(AccountView) }))
  .annotate(OpenApi.Summary, "List accounts")
  .annotate(OpenApi.Description, "Everybody with an account here, by name.")

const change = HttpApiEndpoint.patch("change", "/api/accounts/:username")
  .setPath(Schema.Struct({ username: Schema.String }))
  .setPayload(ChangeAccount)
  .addSuccess(AccountView)
  .addError(BadRequest.schema)
  .addError(TooLarge.schema)
  .addError(Conflict.schema)
  .addError(BadGateway.schema)
  .annotate(OpenApi.Summary, "Change an account")
  .annotate(
    OpenApi.Description,
    "Disabling an account, or taking a group away, ends all it has: sessions, what clients were allowed, tokens and keys. A group more counts from the next sign-in. All that an identity provider's person has ends whenever their groups are set. Whoever is disabled is shut out with their identity provider's own tokens, too; groups of its people are what it says at each sign-in and in its tokens, and where it can be administered (Keycloak) they are changed there first: when that fails they stay. Only groups that the policy maps are given and taken there (400 for another); in the provider's other groups people stay. Nobody changes their own account."
  )

export class AccountsGroup extends HttpApiGroup.make("accounts")
  .add(list)
  .add(change)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .middleware(Authentication) {}
