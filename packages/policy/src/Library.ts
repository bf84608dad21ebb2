/**
 * What `import … from "@mcpgw/policy"` gives a program that has nothing else of this project: the policy as plain,
 * synchronous TypeScript. No services, no files, no HTTP; those stay in the modules beside it.
 */
import { compile } from "./compile.ts"
import { fromRules as documentFromRules, type PolicyRules } from "./PolicyDocument.ts"
import type { Policy } from "./Policy.ts"
import { parsePolicyText } from "./PolicyText.ts"

export type { Access, Decision } from "@mcpgw/domain/Decision"
export type { Limits } from "@mcpgw/domain/Principal"
export type { JsonEdit } from "@mcpgw/mcp/JsonEdit"
export type { Explanation, Filtered, JudgedList, Permission, Policy, Subject } from "./Policy.ts"
export type { Names, PolicyDocument, PolicyRules, Rule } from "./PolicyDocument.ts"
export { DEFAULT_SCOPES } from "./DefaultScopes.ts"
export { InvalidPolicy } from "./InvalidPolicy.ts"
export { HTTP_DELETE, HTTP_GET, IMPLIED_METHODS, isPseudoMethod, RESPONSE, TOOLS_CALL } from "./Methods.ts"
export { parsePolicyText } from "./PolicyText.ts"
export { compile }

/**
 * Reads and compiles `scopes.yml` text. `source` is what errors call it.
 * @throws InvalidPolicy
 */
export const fromYaml = (text: string, source = "text"): Policy => compile(parsePolicyText(text, source))

/**
 * Compiles rules written in code.
 * @throws InvalidPolicy
 */
export const fromRules = (rules: PolicyRules): Policy => compile(documentFromRules(rules))
