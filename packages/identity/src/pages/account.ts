/**
 * A person's own account: what there is of them, and buttons that end it. For browser sessions alone, and for forms of this very session: its
 * token is in each of them. Gives nobody more than they had.
 */
import * as Effect from "effect/Effect"
import { changePassword } from "../accountChanges.ts"
import type { Accounts, AccountsUnavailable } from "../Accounts.ts"
import { ApiKeys } from "../ApiKeys.ts"
import { AuthorizationServer, type GrantsUnavailable } from "../AuthorizationServer.ts"
import { ProviderLogout } from "../ProviderLogout.ts"
import { clearCookies, sessionValues } from "../SessionCookie.ts"
import { LOCAL, type ProviderSession, sessionIdOf, Sessions } from "../Sessions.ts"
import { accountPage, type Action, signedOutPage } from "./accountView.ts"
import { type Asked, FOREIGN_FORM, isOwnForm, leadTo, type Person, personOf, type Told } from "./asked.ts"

type Needs = Accounts | ApiKeys | AuthorizationServer | ProviderLogout | Sessions
type Answer = Effect.Effect<Told, AccountsUnavailable | GrantsUnavailable, Needs>

const SIGN_IN = "/login?return_to=%2Faccount"

/** What the page says was done: a link can choose among these sentences, and put no other there. */
const DONE: Readonly<Record<string, string>> = {
  end_session: "The session has ended.",
  end_others: "Your other sessions have ended.",
  withdraw: "The application can no longer use this gateway as you.",
  revoke_key: "The key no longer opens anything.",
  password: "Your password has changed."
}

/** GET. */
export const showAccount = (asked: Asked): Answer =>
  Effect.gen(function* () {
    const person = yield* personOf(asked)
    return person === undefined ? leadTo(SIGN_IN) : yield* show(asked, person)
  })

/** POST. */
export const changeAccount = (asked: Asked): Answer =>
  Effect.gen(function* () {
    const { form, note } = asked
    note.rule = "page:account"
    const person = yield* personOf(asked)
    if (person === undefined) return leadTo(SIGN_IN)
    note.username = person.account.username
    if (!isOwnForm(asked) || form.get("token") !== tokenOf(asked, person)) {
      return yield* show(asked, person, 403, FOREIGN_FORM)
    }
    const action = ACTIONS.find(([name]) => name === form.get("action"))
    if (action === undefined) return yield* show(asked, person, 400, "There is no such button here.")
    note.rule = `page:${action[0]}`
    return yield* action[1](asked, person)
  })

const tokenOf = ({ sealing }: Asked, { session }: Person): string => sealing.formToken("page-account", session)

const show = (asked: Asked, { account, claims, session }: Person, status = 200, problem?: string): Answer =>
  Effect.gen(function* () {
    const { username } = account
    const done = asked.query.get("done") ?? ""
    const view = {
      username,
      provider: claims.provider ?? LOCAL,
      groups: claims.groups,
      sessions: yield* (yield* Sessions).list(username),
      current: sessionIdOf(session),
      consents: yield* (yield* AuthorizationServer).consentsOf(username),
      keys: yield* (yield* ApiKeys).list(username),
      token: tokenOf(asked, { account, claims, session }),
      done: problem === undefined && Object.hasOwn(DONE, done) ? DONE[done] : undefined,
      problem
    }
    return { status, page: accountPage(view) }
  })

const doneWith = ({ note }: Asked, action: Action): Told => {
  note.decision = "allow"
  return leadTo(`/account?done=${action}`)
}

const idOf = ({ form }: Asked): string => form.get("id") ?? ""

/** What is not there any more has ended as it was to. */
const ACTIONS: ReadonlyArray<readonly [Action, (asked: Asked, person: Person) => Answer]> = [
  [
    "end_session",
    (asked, { account }) =>
      Effect.gen(function* () {
        yield* (yield* Sessions).endOne(account.username, idOf(asked))
        return doneWith(asked, "end_session")
      })
  ],
  [
    "end_others",
    (asked, { account, session }) =>
      Effect.gen(function* () {
        yield* (yield* Sessions).endAll(account.username, session)
        return doneWith(asked, "end_others")
      })
  ],
  [
    "withdraw",
    (asked, { account }) =>
      Effect.gen(function* () {
        yield* (yield* AuthorizationServer).withdraw(account.username, idOf(asked))
        return doneWith(asked, "withdraw")
      })
  ],
  [
    "revoke_key",
    (asked, { account }) =>
      Effect.gen(function* () {
        yield* (yield* ApiKeys).revoke(account.username, idOf(asked))
        return doneWith(asked, "revoke_key")
      })
  ],
  ["password", (asked, person) => password(asked, person)],
  ["sign_out", (asked) => signOut(asked)]
]

const password = (asked: Asked, person: Person): Answer => {
  const { account, claims, session } = person
  const { provider = LOCAL } = claims
  if (provider !== LOCAL) return show(asked, person, 403, `Your password is kept by ${provider}: change it there.`)
  const change = {
    username: account.username,
    old: asked.form.get("old") ?? "",
    new: asked.form.get("new") ?? "",
    remote: asked.remote,
    session
  }
  return Effect.map(changePassword(change), () => doneWith(asked, "password")).pipe(
    Effect.catchTags({
      InvalidAccount: ({ message }) => show(asked, person, 400, `${message}.`),
      InvalidCredentials: () => show(asked, person, 403, "The old password is not right."),
      TooManyAttempts: ({ retryAfterSeconds }) =>
        Effect.map(
          show(asked, person, 429, `Too many attempts. Try again in ${retryAfterSeconds} seconds.`),
          (told): Told => ({ ...told, retryAfterSeconds })
        )
    })
  )
}

/** The provider's page is a link: a form may lead nowhere but here. */
const signOut = (asked: Asked): Answer =>
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const ended: Array<ProviderSession> = []
    for (const value of sessionValues(asked.headers["cookie"])) {
      const one = yield* sessions.end(value)
      if (one !== undefined) ended.push(one)
    }
    asked.note.decision = "allow"
    const federated = ended.find(({ provider }) => provider !== LOCAL)
    const url = federated === undefined ? undefined : yield* (yield* ProviderLogout).urlFor(federated, "/")
    const provider = federated === undefined || url === undefined ? undefined : { name: federated.provider, url }
    return { status: 200, page: signedOutPage({ provider }), cookies: clearCookies(asked.publicUrl) }
  })
