/** The index of every earlier version brought to the newest. It is SQLite's alone, beside whatever database the rest is in. */
import { migrationsSuite, type Sample } from "@mcpgw/store/suites/migrationsSuite"
import * as Store from "@mcpgw/store/Store"
import { migrations } from "../src/internal/lexicalIndex.ts"

/** Filled again from the registry. */
const emptiedBy = "discovery-0002-server-of-tools"

const samples: ReadonlyArray<Sample> = [
  { table: "discovery_servers", row: { id: 1, path: "/a", digest: "d" }, emptiedBy },
  { table: "discovery_tools", row: { id: 1, path: "/a", server: 1, tool: "t" }, emptiedBy },
  { table: "discovery_server_words", row: { name: "a", tags: "b", description: "c", tools: "t" }, emptiedBy },
  {
    table: "discovery_tool_words",
    row: { name: "t", description: "d", properties: "p", server: "a", about: "c" },
    emptiedBy
  }
]

migrationsSuite("discovery, SQLite", migrations, samples, () => Store.layerMemory)
