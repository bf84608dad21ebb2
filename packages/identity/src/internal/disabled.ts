/** Is an account shut out? One without the word for it is not. */
import type { Account } from "../Accounts.ts"

export const isDisabled = (account: Account): boolean => "disabled" in account && account.disabled === true
