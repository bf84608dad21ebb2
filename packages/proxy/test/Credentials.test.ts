import { Credentials } from "../src/Credentials.ts"
import { credentialsSuite } from "./suites/credentialsSuite.ts"

credentialsSuite("layerNone", false, Credentials.layerNone)
credentialsSuite("layerClient", true, Credentials.layerClient)
