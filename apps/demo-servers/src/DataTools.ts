/** The two tools of realserverfaketools that take records: one reads a profile, the other makes rows up. */
import type { McpServer } from "@modelcontextprotocol/server"
import * as z from "zod"
import { PURE } from "./AnalysisTools.ts"
import { between, type Draw, drawFrom, pick } from "./Deterministic.ts"
import { answer } from "./Result.ts"

const profileInput = z.object({
  profile: z
    .object({
      username: z.string().min(1).max(100),
      email: z.email(),
      age: z.int().min(13).max(120).optional(),
      interests: z.array(z.string().min(1)).max(50).default([])
    })
    .describe("The profile to analyze"),
  analysis_options: z
    .object({
      depth: z.enum(["basic", "standard", "deep"]).default("standard"),
      include_recommendations: z.boolean().default(true)
    })
    .optional()
    .describe("How far to look; absent means standard with recommendations")
})

const FIELD_KINDS = ["string", "integer", "number", "boolean", "date"] as const
type FieldKind = (typeof FIELD_KINDS)[number]

const generatorInput = z.object({
  schema: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/), z.enum(FIELD_KINDS))
    .refine((fields) => Object.keys(fields).length > 0, "must name at least one field")
    .describe("Field names to their kinds"),
  record_count: z.int().min(1).max(100).default(5).describe("Records to make, 1 to 100"),
  seed: z.union([z.string(), z.int()]).optional().describe("Another seed makes other records")
})

/** Adds the two tools. */
export const registerDataTools = (server: McpServer): void => {
  registerProfiles(server)
  registerGenerator(server)
}

const registerProfiles = (server: McpServer): void => {
  const description = `Analyze a user profile, make-believe included.

Args:
    profile: username, email, and optionally age and interests.
    analysis_options: depth (basic, standard or deep) and include_recommendations.

Returns:
    An engagement score, a segment, traits by depth and, when asked for, recommendations.`
  const config = { title: "User profile analyzer", description, inputSchema: profileInput, annotations: PURE }
  server.registerTool("user_profile_analyzer", config, ({ profile, analysis_options }) => {
    const depth = analysis_options?.depth ?? "standard"
    const draw = drawFrom(["profile", profile])
    const traits = ["curious", "careful", "quick", "social", "focused"].map((trait) => ({
      trait,
      score: between(draw, 0, 1, 2)
    }))
    const recommended = profile.interests.map((interest) => `More about ${interest}`)
    return answer({
      username: profile.username,
      engagement_score: between(draw, 0, 100, 1),
      segment: pick(draw, ["newcomer", "regular", "enthusiast", "expert"]),
      traits: traits.slice(0, depth === "basic" ? 1 : depth === "standard" ? 3 : 5),
      ...((analysis_options?.include_recommendations ?? true) ? { recommendations: recommended } : {})
    })
  })
}

const registerGenerator = (server: McpServer): void => {
  const description = `Generate synthetic records that follow a schema.

Args:
    schema: Field names to their kinds: ${FIELD_KINDS.join(", ")}.
    record_count: Records to make, 1 to 100.
    seed: Another seed makes other records.

Returns:
    The records, the same for the same arguments.

Raises:
    Nothing; a schema it can not follow is refused as invalid arguments.`
  const config = { title: "Synthetic data generator", description, inputSchema: generatorInput, annotations: PURE }
  server.registerTool("synthetic_data_generator", config, (args) => {
    const draw = drawFrom(["records", args])
    const fields = Object.entries(args.schema)
    const record = () => Object.fromEntries(fields.map(([name, kind]) => [name, valueOf(draw, kind)]))
    return answer({ records: Array.from({ length: args.record_count }, record), record_count: args.record_count })
  })
}

const valueOf = (draw: Draw, kind: FieldKind): string | number | boolean => {
  switch (kind) {
    case "string":
      return `${pick(draw, ["amber", "birch", "cedar", "delta"])}-${between(draw, 0, 10_000, 0)}`
    case "integer":
      return between(draw, 0, 1_000, 0)
    case "number":
      return between(draw, 0, 1_000, 3)
    case "boolean":
      return draw() < 0.5
    case "date":
      return new Date(between(draw, 0, 1_700_000_000_000, 0)).toISOString().slice(0, 10)
  }
}
