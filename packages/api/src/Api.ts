/** The registry's HTTP API, whole: every group, no prefix. Contract only; `/openapi.json` is made from it. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as OpenApi from "@effect/platform/OpenApi"
import { BadRequest, InternalError, NotFound } from "./ApiError.ts"
import { AccountGroup } from "./Account.ts"
import { AccountsGroup } from "./Accounts.ts"
import { AgentsGroup, MachineClientsGroup } from "./Agents.ts"
import { AuthGroup } from "./Auth.ts"
import { ClientsGroup } from "./Clients.ts"
import { CollaboratorsGroup } from "./Collaborators.ts"
import { ConnectConfigGroup } from "./ConnectConfig.ts"
import { GrantsGroup } from "./Grants.ts"
import { GroupFormsGroup } from "./GroupForms.ts"
import { GroupsGroup } from "./Groups.ts"
import { HealthGroup } from "./Health.ts"
import { ImportGroup } from "./Import.ts"
import { InternalGroup } from "./Internal.ts"
import { InternalServersGroup } from "./InternalServers.ts"
import { KeysGroup } from "./Keys.ts"
import { PolicyTextGroup } from "./PolicyText.ts"
import { RegistryImportsGroup } from "./RegistryImports.ts"
import { RegistryProtocolGroup } from "./RegistryProtocol.ts"
import { SearchGroup } from "./Search.ts"
import { ServerCredentialsGroup } from "./ServerCredentials.ts"
import { ServersGroup } from "./Servers.ts"
import { SystemGroup } from "./System.ts"
import { TokensGroup } from "./Tokens.ts"
import { UsersGroup } from "./Users.ts"

export class Api extends HttpApi.make("mcpgw")
  .add(AuthGroup)
  .add(AccountGroup)
  .add(AccountsGroup)
  .add(TokensGroup)
  .add(GrantsGroup)
  .add(KeysGroup)
  .add(AgentsGroup)
  .add(MachineClientsGroup)
  .add(ClientsGroup)
  .add(InternalGroup)
  .add(InternalServersGroup)
  .add(UsersGroup)
  .add(GroupsGroup)
  .add(GroupFormsGroup)
  .add(PolicyTextGroup)
  .add(CollaboratorsGroup)
  .add(ServersGroup)
  .add(ServerCredentialsGroup)
  .add(ConnectConfigGroup)
  .add(ImportGroup)
  .add(HealthGroup)
  .add(SearchGroup)
  .add(RegistryProtocolGroup)
  .add(RegistryImportsGroup)
  .add(SystemGroup)
  .addError(BadRequest.schema)
  .addError(NotFound.schema)
  .addError(InternalError.schema)
  .annotate(OpenApi.Title, "mcpgw registry")
  .annotate(OpenApi.Version, "1")
  .annotate(
    OpenApi.Description,
    "Which MCP servers there are, who may use them, and tokens to do so. OAuth is described at `/.well-known/oauth-authorization-server`."
  ) {}
