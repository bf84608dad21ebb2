/** The control plane as a process of its own, composed by the gateway: the same tiers, settings and edge, without the servers' routes. */
import { run } from "@mcpgw/gateway/run"

run("registry")
