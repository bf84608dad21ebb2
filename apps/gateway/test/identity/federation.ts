/** Whether people can sign in at the gateway through a foreign identity provider (`/oauth2/login/{provider}`) yet. For tests only. */
import type { Lacking } from "./Idp.ts"

/** `undefined` when they can: then the swap suite tries it with every provider. */
export const FEDERATED_LOGIN: Lacking | undefined = "no /oauth2/login/{provider} yet"
