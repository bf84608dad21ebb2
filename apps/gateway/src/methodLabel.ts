/** Which methods metrics tell apart. Callers choose method names, so the rest share one label. */

/** Methods that get a label of their own; whatever else a caller makes up is `other`. */
const METHODS: ReadonlySet<string> = new Set([
  "",
  "initialize",
  "ping",
  "server/discover",
  "tools/list",
  "tools/call",
  "prompts/list",
  "prompts/get",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "subscriptions/listen",
  "completion/complete",
  "logging/setLevel",
  "tasks/get",
  "tasks/update",
  "tasks/cancel",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed"
])

export const methodLabel = (method: string): string => (METHODS.has(method) ? method : "other")
