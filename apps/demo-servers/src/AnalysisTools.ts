/** The four make-believe instruments of realserverfaketools: flux, patterns, coordinates and anomalies. */
import type { McpServer } from "@modelcontextprotocol/server"
import * as z from "zod"
import { between, drawFrom, hash, pick } from "./Deterministic.ts"
import { answer, problem } from "./Result.ts"

/** None of these tools changes or reaches anything. */
export const PURE = { readOnlyHint: true, idempotentHint: true, openWorldHint: false } as const

const ANOMALIES = ["spatial_shift", "causal_loop", "time_dilation", "echo"] as const

const fluxInput = z.object({
  energy_level: z.int().min(1).max(10).default(5).describe("Energy level, 1 to 10"),
  stabilization_factor: z.number().min(0).max(1).default(0.75).describe("Share of the flux held back, 0 to 1"),
  enable_temporal_shift: z.boolean().default(false).describe("Whether to look for temporal drift as well")
})

const patternInput = z.object({
  input_patterns: z.array(z.string().min(1)).min(1).max(100).describe("Patterns to combine"),
  coherence_threshold: z.number().gt(0).lte(1).default(0.7).describe("Weakest coherence that counts, above 0 up to 1"),
  dimensions: z.int().min(1).max(10).default(3).describe("Dimensions of the synthesis, 1 to 10")
})

const mapInput = z.object({
  coordinates: z
    .object({
      latitude: z.number().min(-90).max(90).describe("Degrees north"),
      longitude: z.number().min(-180).max(180).describe("Degrees east"),
      altitude_meters: z.number().optional().describe("Metres above sea level")
    })
    .describe("Point on Earth to begin from"),
  dimension_count: z.int().min(4).max(11).default(4).describe("Dimensions to map into, 4 to 11"),
  reality_anchoring: z.number().min(0.1).max(1).default(0.8).describe("How firmly results are held, 0.1 to 1")
})

const anomalyInput = z.object({
  timeframe: z
    .object({ start: z.iso.datetime({ offset: true }), end: z.iso.datetime({ offset: true }) })
    .describe("ISO 8601 instants, the end after the start"),
  sensitivity: z.int().min(1).max(10).default(7).describe("Detector sensitivity, 1 to 10"),
  anomaly_types: z.array(z.enum(ANOMALIES)).min(1).optional().describe("Kinds to look for; absent means all")
})

/** Adds the four tools. */
export const registerAnalysisTools = (server: McpServer): void => {
  registerFlux(server)
  registerPatterns(server)
  registerMapper(server)
  registerAnomalies(server)
}

const registerFlux = (server: McpServer): void => {
  const description = `Analyze make-believe quantum flux at a given energy.

Args:
    energy_level: Energy level, 1 to 10.
    stabilization_factor: Share of the flux held back, 0 to 1.
    enable_temporal_shift: Whether to look for temporal drift as well.

Returns:
    The reading, its stability and, when asked for, the drift; the same arguments give the same reading.`
  const config = { title: "Quantum flux analyzer", description, inputSchema: fluxInput, annotations: PURE }
  server.registerTool("quantum_flux_analyzer", config, (args) => {
    const draw = drawFrom(["flux", args])
    const flux = between(draw, 0, 100 * args.energy_level)
    return answer({
      energy_level: args.energy_level,
      flux_reading: flux,
      stable_flux: Number((flux * (1 - args.stabilization_factor)).toFixed(3)),
      stability: pick(draw, ["stable", "metastable", "unstable"]),
      ...(args.enable_temporal_shift ? { temporal_drift_ms: between(draw, -50, 50) } : {})
    })
  })
}

const registerPatterns = (server: McpServer): void => {
  const description = `Combine patterns into a make-believe neural synthesis.

Args:
    input_patterns: Patterns to combine, at least one.
    coherence_threshold: Weakest coherence that counts, above 0 up to 1.
    dimensions: Dimensions of the synthesis, 1 to 10.

Returns:
    Each pattern's coherence, those at or above the threshold, and a vector of the asked dimensions.`
  const config = { title: "Neural pattern synthesizer", description, inputSchema: patternInput, annotations: PURE }
  server.registerTool("neural_pattern_synthesizer", config, (args) => {
    const scored = args.input_patterns.map((pattern) => ({
      pattern,
      coherence: between(drawFrom(["pattern", pattern, args.dimensions]), 0, 1)
    }))
    const kept = scored.filter(({ coherence }) => coherence >= args.coherence_threshold)
    const draw = drawFrom(["synthesis", args])
    return answer({
      patterns: scored,
      coherent_patterns: kept.map(({ pattern }) => pattern),
      synthesis: Array.from({ length: args.dimensions }, () => between(draw, -1, 1))
    })
  })
}

const registerMapper = (server: McpServer): void => {
  const description = `Map a point on Earth into make-believe higher dimensions.

Args:
    coordinates: The point: latitude, longitude and, if known, altitude_meters.
    dimension_count: Dimensions to map into, 4 to 11.
    reality_anchoring: How firmly results are held, 0.1 to 1.

Returns:
    The mapped coordinates, one per dimension, and how far they may be trusted.`
  const config = { title: "Hyper-dimensional mapper", description, inputSchema: mapInput, annotations: PURE }
  server.registerTool("hyper_dimensional_mapper", config, (args) => {
    const { latitude, longitude, altitude_meters = 0 } = args.coordinates
    const draw = drawFrom(["map", args])
    const beyond = Array.from({ length: args.dimension_count - 3 }, () => between(draw, -1, 1))
    return answer({
      origin: { latitude, longitude, altitude_meters },
      mapped: [latitude, longitude, altitude_meters, ...beyond],
      confidence: Number((args.reality_anchoring * between(draw, 0.5, 1)).toFixed(3))
    })
  })
}

const registerAnomalies = (server: McpServer): void => {
  const description = `Detect make-believe temporal anomalies within a timeframe.

Args:
    timeframe: start and end as ISO 8601 instants, the end after the start.
    sensitivity: Detector sensitivity, 1 to 10.
    anomaly_types: Kinds to look for: ${ANOMALIES.join(", ")}; absent means all.

Returns:
    The anomalies found, oldest first, each with its kind, instant and strength.`
  const config = { title: "Temporal anomaly detector", description, inputSchema: anomalyInput, annotations: PURE }
  server.registerTool("temporal_anomaly_detector", config, (args) => {
    const start = Date.parse(args.timeframe.start)
    const end = Date.parse(args.timeframe.end)
    if (end <= start) {
      const held = `${args.timeframe.start} to ${args.timeframe.end}`
      return problem(`timeframe held ${held}; the end must come after the start`)
    }
    const kinds = args.anomaly_types ?? [...ANOMALIES]
    const anomalies = kinds.flatMap((kind) => {
      const draw = drawFrom(["anomaly", kind, args.timeframe, args.sensitivity])
      const strength = between(draw, 0, 1)
      if (strength * 10 < 10 - args.sensitivity) return []
      const at = new Date(Math.floor(between(draw, start, end, 0))).toISOString()
      return [{ id: `A-${hash(`${kind}${at}`).toString(16)}`, kind, at, strength }]
    })
    return answer({ anomalies: anomalies.sort((a, b) => (a.at < b.at ? -1 : 1)), looked_for: kinds })
  })
}
