/** The swap suite over the gateway's own accounts. */
import { localAccounts } from "./LocalAccounts.ts"
import { swapSuite } from "./swapSuite.ts"

swapSuite(localAccounts)
