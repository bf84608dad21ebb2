/** Which arguments of a server's tools travel in headers, by the inventory the registry keeps. */
import type { ServerRecord } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import { type HeaderParam, headerParamsOf } from "@mcpgw/mcp/HeaderParams"
import { isObject } from "@mcpgw/mcp/JsonRpc"

const NONE: ReadonlyArray<HeaderParam> = []
const byRecord = new WeakMap<ServerRecord, ReadonlyMap<string, ReadonlyArray<HeaderParam>>>()

/** Those of one tool; none for a tool the inventory does not hold. Worked out once per record. */
export const toolHeadersOf = (record: ServerRecord, tool: string): ReadonlyArray<HeaderParam> => {
  let tools = byRecord.get(record)
  if (tools === undefined) {
    tools = new Map(record.tool_list.map((one) => [one.name, headerParamsOf(schemaOf(one))] as const).filter(declares))
    byRecord.set(record, tools)
  }
  return tools.get(tool) ?? NONE
}

const declares = ([, params]: readonly [string, ReadonlyArray<HeaderParam>]): boolean => params.length > 0

const schemaOf = ({ definition, schema }: Tool): unknown =>
  isObject(definition) && definition["inputSchema"] !== undefined ? definition["inputSchema"] : schema
