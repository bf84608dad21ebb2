/** How the parameters of a URL, and a body that no handler decodes itself, are read: what is wrong is told whole, not its first part alone. */

/** Annotations for the schema of a route's `setUrlParams`, and of a `setPayload` that is decoded with it. */
export const EVERY_ERROR = { parseOptions: { errors: "all" } } as const
