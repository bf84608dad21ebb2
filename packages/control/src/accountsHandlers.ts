/** Everybody's accounts; administrators only, and only by who signed in. Nobody's own: the last administrator must not shut themselves out. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { type AccountView, ChangeAccount } from "@mcpgw/api/Accounts"
import { Api } from "@mcpgw/api/Api"
import { Forbidden, NotFound, problem } from "@mcpgw/api/ApiError"
import { type AccountEdit, editAccount } from "@mcpgw/identity/accountChanges"
import { type AccountDetails, Accounts } from "@mcpgw/identity/Accounts"
import { setGroupsThere } from "@mcpgw/identity/directoryAccounts"
import type { Person } from "@mcpgw/identity/endAccess"
import * as Effect from "effect/Effect"
import { notStored, unavailable, unreachable } from "./accountFailures.ts"
import { decodeOnly, fieldsOf } from "./body.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { directoryFailures } from "./directoryFailures.ts"
import { administrator, grantor } from "./grants.ts"
import { isAmong, namesOf } from "./leaver.ts"
import { readmitted } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

const MANAGE = "api:manage_accounts"

/** An account as administrators see it. */
export const viewOf = ({ disabled, displayName, email, groups, provider, username }: AccountDetails): AccountView => ({
  username,
  provider,
  email: email ?? null,
  display_name: displayName ?? null,
  groups,
  disabled
})

const noSuchAccount = new NotFound(problem("There is no such account"))
const notOwn = new Forbidden(problem("You can not change your own account", "Another administrator may"))

const list = Effect.gen(function* () {
  yield* administrator(MANAGE)
  const accounts = yield* Effect.catchTag((yield* Accounts).list, "AccountsUnavailable", unreachable)
  return { accounts: accounts.map(viewOf) }
})

const decodeChange = decodeOnly(ChangeAccount, Object.keys(ChangeAccount.fields))

/** Groups of a provider's people are the provider's: there first, where that can be. Shutting out waits for nobody. */
const edited = (names: ReadonlyArray<Person>, username: string, edit: AccountEdit) =>
  Effect.gen(function* () {
    if (edit.disabled === true) yield* editAccount(names, username, { disabled: true })
    const account = yield* (yield* Accounts).get(username)
    if (account !== undefined && edit.groups !== undefined) yield* setGroupsThere(account, edit.groups)
    return yield* editAccount(names, username, edit)
  })

const change = (request: Request, username: string) =>
  Effect.gen(function* () {
    const { claims } = yield* grantor(MANAGE, "manage accounts", username)
    const { publicUrl } = yield* ControlPlaneConfig
    const names = yield* namesOf(publicUrl, publicUrl, username)
    // A session may outlive its account, which has no names then.
    const isNamed = claims.issuer === publicUrl && claims.username.toLowerCase() === username.toLowerCase()
    if (isNamed || isAmong(names, claims)) return yield* notOwn
    const edit = yield* fieldsOf(request).pipe(Effect.flatMap(decodeChange))
    const account = yield* edited(names, username, edit).pipe(
      Effect.catchTags({
        ...directoryFailures,
        AccountsUnavailable: unreachable,
        GrantsUnavailable: unavailable,
        RevocationNotStored: notStored
      })
    )
    return HttpServerResponse.unsafeJson(viewOf(account ?? (yield* noSuchAccount)))
  })

export const layer = HttpApiBuilder.group(Api, "accounts", (handlers) =>
  handlers
    .handle("list", () => list)
    .handleRaw("change", ({ path, request }) => readmitted(request, change(request, path.username)), {
      uninterruptible: true
    })
)
