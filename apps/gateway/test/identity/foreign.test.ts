/** The swap suite over somebody else's OpenID provider. */
import { foreignProvider } from "./ForeignProvider.ts"
import { swapSuite } from "./swapSuite.ts"

swapSuite(foreignProvider)
