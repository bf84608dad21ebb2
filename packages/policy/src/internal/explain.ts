/** Why a call was or would be judged as it is: every rule of the subject's scopes, in order. For administrators only. */
import type { Access, Decision } from "@mcpgw/domain/Decision"
import type { Explanation } from "../Policy.ts"
import { IMPLIED_METHODS, TOOLS_CALL } from "../Methods.ts"
import type { CompiledRule } from "./compiledRule.ts"
import { serverKey } from "./serverKey.ts"
import type { SubjectTable } from "./subjectTables.ts"

const no = (why: string) => ({ granted: false, why })
const yes = (why: string) => ({ granted: true, why })

const considerTool = (rule: CompiledRule, tool: string | undefined) => {
  if (tool === undefined || tool === "") return no("tools/call names no tool")
  if (rule.tools.all) return yes("grants every tool")
  return rule.tools.names.has(tool) ? yes(`lists tool '${tool}'`) : no(`does not list tool '${tool}'`)
}

const considerMethod = (rule: CompiledRule, method: string) => {
  if (rule.methods.all) return yes("grants every method")
  if (rule.methods.names.has(method)) return yes(`lists method '${method}'`)
  if (rule.methodsInTools.has(method)) return yes(`lists method '${method}' among its tools`)
  return IMPLIED_METHODS.has(method) ? yes(`any grant implies '${method}'`) : no(`does not list method '${method}'`)
}

const consider = (rule: CompiledRule, access: Access) => {
  if (rule.server !== undefined && rule.server !== serverKey(access.server)) {
    return no(`is for ${rule.server}, not ${serverKey(access.server)}`)
  }
  if (!rule.effective) return no("lists no method and no tool")
  return access.method === TOOLS_CALL ? considerTool(rule, access.tool) : considerMethod(rule, access.method)
}

const considerWithin = ({ limits }: SubjectTable, rule: CompiledRule, access: Access) => {
  const whole = consider(rule, access)
  if (!whole.granted || limits === undefined) return whole
  const left = limits.narrow(rule, serverKey(access.server))
  const narrow = left === undefined ? whole : consider(left, access)
  return left !== undefined && narrow.granted ? narrow : no(`${whole.why}, outside the limits of the credential`)
}

export const explainDecision = (table: SubjectTable, access: Access, decision: Decision): Explanation => ({
  ...decision,
  scopes: table.scopes,
  considered: table.rules.map((rule) => ({ rule: rule.id, ...considerWithin(table, rule, access) }))
})
