import { Credentials } from "../src/Credentials.ts"
import { credentialsSuite } from "./suites/credentialsSuite.ts"

credentialsSuite("layerNone", false, Credentials.layerNone)
credentialsSuite("layerClient", true, Credentials.layerClient)

const FIXED = { authorization: "Bearer everybody's" }
credentialsSuite("layerShared", false, Credentials.layerShared(FIXED), FIXED)
