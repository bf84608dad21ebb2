// Who may call what, from a scopes.yml held in a string. How to run it: README.md, at its top.
import { fromYaml, InvalidPolicy } from "@mcpgw/policy"

const policy = fromYaml(`
group_mappings:
  analysts: [reports/execute]
reports/execute:
  - server: reports
    methods: [tools/list]
    tools: [render_chart, list_reports]
`)

const ann = { groups: ["analysts"], scopes: [] }

for (const tool of ["render_chart", "delete_report"]) {
  const { allowed, rule } = policy.decide(ann, { server: "/reports", method: "tools/call", tool })
  process.stdout.write(`${tool}: ${allowed ? "allowed" : "denied"} by ${rule}\n`)
}

const answer = {
  jsonrpc: "2.0",
  id: 1,
  result: { tools: [{ name: "render_chart" }, { name: "delete_report" }, { name: "list_reports" }] }
}
const { hidden, message } = policy.filterList(ann, "/reports", answer)
process.stdout.write(`shown: ${message.result.tools.map((tool) => tool.name).join(", ")} (${hidden} hidden)\n`)

const { considered } = policy.explain(ann, { server: "/reports", method: "tools/call", tool: "delete_report" })
for (const { rule, why } of considered) process.stdout.write(`${rule}: ${why}\n`)

try {
  fromYaml("reports/execute: [{ server: reports, tool: [render_chart] }]", "scopes.yml")
} catch (error) {
  if (!(error instanceof InvalidPolicy)) throw error
  process.stdout.write(`${error.message}\n`)
}
