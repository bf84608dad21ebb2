/** `client_id` of an agent is this and its name; no other client's begins so. */
export const AGENT_CLIENT = "agent-"
