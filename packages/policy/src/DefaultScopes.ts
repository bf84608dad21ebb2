/**
 * The policy a fresh installation starts with: groups and scope names of contracts.md §2.1, without its defects. Text, so
 * that it can be shown, copied and edited as the file it becomes. Never read from disk: it travels with the code.
 */

/** `scopes.yml`, comments and all. */
export const DEFAULT_SCOPES: string = `# Who may do what. Changes take effect within a second; a broken file changes nothing.
#
# group_mappings   identity-provider group -> names of scopes
# UI-Scopes        scope -> what it may do in the registry, to which servers (display name or path; "all" for all)
# any other key    a server scope: a list of rules {server, methods, tools}
#
# server    name or path of a server ("currenttime", "team/search"), or "*" for any
# methods   MCP methods, or "*" / "all"; never opens tools/call
# tools     tools that may be called, or "*" / "all"; opens nothing but tools/call
#
# Any rule that names a method or a tool also opens what the protocol needs on that server: initialize, ping,
# notifications and the like. Nothing else is open unless a rule says so.
#
# Lists show what may be used. A ".../read" scope calls no tool, so alone it shows an empty tool list; what it gives is
# that the server is reachable and its lists may be asked for. Likewise add resources/read to the methods to see and
# read resources, and prompts/list with prompts/get for prompts.

group_mappings:
  mcp-registry-admin:
    - mcp-registry-admin
    - mcp-servers-unrestricted/read
    - mcp-servers-unrestricted/execute
    - mcp-servers-demo/execute
  mcp-registry-developer: [mcp-registry-developer, mcp-servers-restricted/read, mcp-servers-restricted/execute]
  mcp-registry-operator: [mcp-registry-operator, mcp-servers-restricted/read, mcp-servers-restricted/execute]
  mcp-registry-user: [mcp-registry-user, mcp-servers-restricted/read]
  mcp-servers-unrestricted: [mcp-servers-unrestricted/read, mcp-servers-unrestricted/execute]
  mcp-servers-restricted: [mcp-servers-restricted/read, mcp-servers-restricted/execute]

UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
    register_service: [all]
    health_check_service: [all]
    toggle_service: [all]
    modify_service: [all]
  mcp-registry-developer:
    list_service: [all]
    register_service: [all]
    health_check_service: [all]
  mcp-registry-operator:
    list_service: [all]
    health_check_service: [all]
    toggle_service: [all]
  mcp-registry-user:
    list_service: [mcpgw, currenttime, realserverfaketools]
    health_check_service: [mcpgw]

# Opens nothing that administrators have not: a token made with this scope alone shows how lists are filtered.
mcp-servers-demo/execute:
  - server: realserverfaketools
    methods: [initialize, notifications/initialized, ping, tools/list, tools/call, resources/list, resources/templates/list]
    tools: [quantum_flux_analyzer, synthetic_data_generator]

# What members of the lowest group may call themselves: finding tools, and the clock. mcpgw judges every call it makes
# on someone's behalf as that person, so invoke_mcp_tool opens nothing by itself.
mcp-registry-user:
  - server: mcpgw
    methods: [initialize, notifications/initialized, ping, tools/list, tools/call]
    tools: [intelligent_tool_finder, invoke_mcp_tool, list_services, healthcheck]
  - server: currenttime
    methods: [initialize, notifications/initialized, ping, tools/list, tools/call]
    tools: [current_time_by_timezone]

mcp-servers-unrestricted/read:
  - server: "*"
    methods: [initialize, notifications/initialized, ping, tools/list, resources/list, resources/templates/list]
    tools: []

mcp-servers-unrestricted/execute:
  - server: "*"
    methods: [initialize, notifications/initialized, ping, tools/list, tools/call, resources/list, resources/templates/list]
    tools: "*"

mcp-servers-restricted/read:
  - server: auth_server
    methods: &reading [initialize, notifications/initialized, ping, tools/list, resources/list, resources/templates/list]
    tools: []
  - server: currenttime
    methods: *reading
    tools: []
  - server: mcpgw
    methods: *reading
    tools: []
  - server: realserverfaketools
    methods: *reading
    tools: []

mcp-servers-restricted/execute:
  - server: auth_server
    methods: &using [initialize, notifications/initialized, ping, tools/list, tools/call, resources/list, resources/templates/list]
    tools: []
  - server: currenttime
    methods: *using
    tools: [current_time_by_timezone]
  - server: mcpgw
    methods: *using
    tools: [intelligent_tool_finder, invoke_mcp_tool, list_services, healthcheck]
  - server: realserverfaketools
    methods: *using
    tools:
      - quantum_flux_analyzer
      - neural_pattern_synthesizer
      - hyper_dimensional_mapper
      - temporal_anomaly_detector
      - user_profile_analyzer
      - synthetic_data_generator
`
