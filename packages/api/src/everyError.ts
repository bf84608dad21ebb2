/** How the parameters of a URL, and a body that no handler decodes itself, are read: what is wrong is told whole, not its first part alone. */

/** Annotations for the schema of a route's `setUrlParams`, and of a `setPayload` that is decoded with it. */
export const EVERY_ERROR = { parseOptions: { errors: "all" } } as const

/** The same of the parameters of a route of our own: one that does not exist is refused as a field of a body is. */
export const KNOWN_ONLY = { parseOptions: { errors: "all", onExcessProperty: "error" } } as const
