/** What the policy decides, in words an auditor reads. */

/** One call to judge: a JSON-RPC method on a server, with the tool it names when it names one. */
export interface Access {
  /** Server path or technical name; slashes around it do not count. */
  readonly server: string
  readonly method: string
  /** `params.name` of `tools/call`. */
  readonly tool: string | undefined
}

export interface Decision {
  readonly allowed: boolean
  /** Scope that granted it, undefined when nothing did or the protocol itself implies it. */
  readonly scope: string | undefined
  /** The rule that decided, short and stable, such as `mcp-servers-restricted/execute[2].tools` or `default-deny`. */
  readonly rule: string
  /** One sentence for audit, `explain` and administrators; never shown to a refused caller. */
  readonly reason: string
}
