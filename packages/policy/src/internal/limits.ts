/**
 * The limits of a credential, ready to be asked: what they leave of a rule on a server. Never adds anything to a rule, so that a limited
 * caller never gets what the same one without limits does not.
 */
import type { Limits } from "@mcpgw/domain/Principal"
import { TOOLS_LIST } from "../Methods.ts"
import type { CompiledRule } from "./compiledRule.ts"
import { serverKey } from "./serverKey.ts"

export interface CompiledLimits {
  /** Keys of the servers that are left open. */
  readonly servers: ReadonlySet<string>
  /** What is left of an effective rule on the server with that key; undefined when that is nothing. */
  readonly narrow: (rule: CompiledRule, server: string) => CompiledRule | undefined
}

const NONE: ReadonlySet<string> = new Set()

const withTools = (rule: CompiledRule, tools: ReadonlySet<string>): CompiledRule | undefined => {
  const names = rule.tools.all ? tools : new Set([...tools].filter((tool) => rule.tools.names.has(tool)))
  const lists = rule.methods.all || rule.methods.names.has(TOOLS_LIST)
  if (names.size === 0 && !lists) return undefined
  return {
    ...rule,
    methods: { all: false, names: lists ? new Set([TOOLS_LIST]) : NONE },
    tools: { all: false, names },
    // A limit names tools; that one is called like a method opens no method.
    methodsInTools: NONE
  }
}

/** Undefined when neither servers nor tools are limited. */
export const compileLimits = ({ servers, tools }: Limits): CompiledLimits | undefined => {
  if (servers === undefined && tools === undefined) return undefined
  const named = new Map<string, ReadonlySet<string>>()
  for (const [server, names] of Object.entries(tools ?? {})) {
    const key = serverKey(server)
    named.set(key, new Set([...(named.get(key) ?? []), ...names]))
  }
  const open = new Set([...(servers ?? []).map(serverKey), ...named.keys()])
  return {
    servers: open,
    narrow: (rule, server) => {
      const only = named.get(server)
      if (only !== undefined) return withTools(rule, only)
      return open.has(server) ? rule : undefined
    }
  }
}
