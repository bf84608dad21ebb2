/** Keys, agents and machines over memory, without anybody: what the verifiers need beside sessions. For tests only. */
import type { Revocations } from "@mcpgw/auth/Revocations"
import * as Layer from "effect/Layer"
import { Accounts } from "../../src/Accounts.ts"
import { Agents } from "../../src/Agents.ts"
import { ApiKeys, type ApiKeysOptions } from "../../src/ApiKeys.ts"
import { MachineClients } from "../../src/MachineClients.ts"

export const layerMachines = (
  options: ApiKeysOptions
): Layer.Layer<ApiKeys | Agents | MachineClients, never, Revocations> =>
  Layer.mergeAll(
    Layer.provide(ApiKeys.layerMemory(options), Accounts.layerMemory),
    Agents.layerMemory,
    MachineClients.layerMemory
  )
