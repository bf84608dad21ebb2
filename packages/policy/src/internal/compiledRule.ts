/**
 * One rule of one scope, ready to be asked: sets instead of lists, and its decisions built once.
 * The order of the questions is contracts.md §2.1 without its bugs; no deny rules exist, so any grant wins.
 */
import type { Decision } from "@mcpgw/domain/Decision"
import { IMPLIED_METHODS, TOOLS_CALL } from "../Methods.ts"
import { ANY_SERVER, type Names, type Rule } from "../PolicyDocument.ts"
import { serverKey } from "./serverKey.ts"

interface NameSet {
  readonly all: boolean
  readonly names: ReadonlySet<string>
}

export interface CompiledRule {
  /** `scope[index]`. */
  readonly id: string
  /** Key of its server; undefined for any. */
  readonly server: string | undefined
  /** Does it name at least one method or tool? */
  readonly effective: boolean
  readonly methods: NameSet
  readonly tools: NameSet
  /** Methods written out among the tools. */
  readonly methodsInTools: ReadonlySet<string>
  readonly byMethod: Decision
  readonly byTool: Decision
  readonly byMethodInTools: Decision
}

const setOf = ({ all, names }: Names): NameSet => ({ all, names: new Set(names) })

const isEmpty = ({ all, names }: Names): boolean => !all && names.length === 0

export const compileRule = (scope: string, index: number, rule: Rule): CompiledRule => {
  const id = `${scope}[${index}]`
  const where = rule.server === ANY_SERVER ? "any server" : serverKey(rule.server)
  const grant = (part: string, what: string): Decision =>
    Object.freeze({
      allowed: true,
      scope,
      rule: `${id}.${part}`,
      reason: `Scope '${scope}' grants ${what} on ${where}.`
    })
  const tools = setOf(rule.tools)
  return {
    id,
    server: rule.server === ANY_SERVER ? undefined : serverKey(rule.server),
    effective: !isEmpty(rule.methods) || !isEmpty(rule.tools),
    methods: setOf(rule.methods),
    tools,
    methodsInTools: tools.names,
    byMethod: grant("methods", "this method"),
    byTool: grant("tools", "this tool"),
    byMethodInTools: grant("tools", "this method, listed among its tools,")
  }
}

const denial = (rule: string, reason: string): Decision =>
  Object.freeze({ allowed: false, scope: undefined, rule, reason })

export const NO_SCOPES = denial("no-scopes", "The caller has no scopes.")
export const NO_GRANT = denial("no-grant", "None of the caller's scopes grants anything on this server.")
export const NO_TOOL_NAME = denial("no-tool-name", "tools/call names no tool.")
export const TOOL_NOT_LISTED = denial("default-deny", "No rule of the caller's scopes lists this tool on this server.")
export const METHOD_NOT_LISTED = denial(
  "default-deny",
  "No rule of the caller's scopes lists this method on this server."
)
/** The owner may, the credential may not. */
export const OUTSIDE_LIMITS = denial(
  "key-limit",
  "The caller may do this, but not with this credential: its limits exclude it."
)
export const IMPLIED: Decision = Object.freeze({
  allowed: true,
  scope: undefined,
  rule: "implied-by-grant",
  reason: "The protocol needs this method wherever the caller has any grant."
})

/** Which of the rules lists the tool; the first decides. */
export const decideTool = (rules: ReadonlyArray<CompiledRule>, tool: string): Decision => {
  for (const rule of rules) {
    if (rule.tools.all || rule.tools.names.has(tool)) return rule.byTool
  }
  return TOOL_NOT_LISTED
}

/**
 * Which of the rules lists the method. A tool wildcard opens no method (contracts.md §4.1); a method name written out
 * among the tools does, as files of the replaced system rely on.
 */
export const decideMethod = (rules: ReadonlyArray<CompiledRule>, method: string): Decision => {
  for (const rule of rules) {
    if (rule.methods.all || rule.methods.names.has(method)) return rule.byMethod
    if (rule.methodsInTools.has(method)) return rule.byMethodInTools
  }
  return IMPLIED_METHODS.has(method) ? IMPLIED : METHOD_NOT_LISTED
}

/** Judges a call by the effective rules that hold on its server. */
export const decideByRules = (
  rules: ReadonlyArray<CompiledRule>,
  method: string,
  tool: string | undefined
): Decision => {
  if (rules.length === 0) return NO_GRANT
  if (method !== TOOLS_CALL) return decideMethod(rules, method)
  return tool === undefined || tool === "" ? NO_TOOL_NAME : decideTool(rules, tool)
}
