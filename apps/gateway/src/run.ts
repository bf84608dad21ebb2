/** Runs the gateway, or the control plane alone, until SIGINT or SIGTERM, then drains. */
import * as BunRuntime from "@effect/platform-bun/BunRuntime"
import { Registry } from "@mcpgw/registry/Registry"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { GatewayConfig, type Program } from "./config.ts"
import { exposure, misled } from "./exposure.ts"
import { FirstStart, banner } from "./firstStart.ts"
import { layer } from "./layers.ts"
import { type LogLevelName, settings } from "./settings.ts"
import { strangers, withoutEffect } from "./unusedNames.ts"

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

const LEVELS: Record<LogLevelName, LogLevel.LogLevel> = {
  debug: LogLevel.Debug,
  info: LogLevel.Info,
  warning: LogLevel.Warning,
  error: LogLevel.Error,
  none: LogLevel.None
}

const logging = Layer.unwrapEffect(
  Effect.map(GatewayConfig, ({ logLevel }) => Layer.merge(Logger.logFmt, Logger.minimumLogLevel(LEVELS[logLevel])))
)

/** Runs when the port is open. */
const announce = Layer.effectDiscard(
  Effect.gen(function* () {
    const config = yield* GatewayConfig
    const registry = yield* Registry
    const { showPassword } = yield* FirstStart
    const password = yield* showPassword
    yield* Console.log(banner(password, config, [...registry.snapshot().servers.keys()]))
    const exposed = exposure(config)
    if (exposed !== undefined) yield* Effect.logWarning(exposed)
    const elsewhere = misled(config, (yield* config.variable(settings.publicUrl.name)) !== undefined)
    if (elsewhere !== undefined) yield* Effect.logWarning(elsewhere)
    for (const stranger of strangers(Object.keys(process.env))) yield* Effect.logWarning(stranger)
    const idle = withoutEffect(Object.keys(process.env).filter((name) => (process.env[name] ?? "").trim() !== ""))
    if (idle !== undefined) yield* Effect.logWarning(idle)
  })
)

const whole = (program: Program) =>
  announce.pipe(Layer.provide(layer), Layer.provide(logging), Layer.provide(GatewayConfig.layer(root, program)))

/** A start that fails says why in words; a defect is shown whole. */
const explain = (cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  if (Cause.isInterruptedOnly(cause)) return Effect.void
  const failure = Cause.failureOption(cause)
  const text = failure._tag === "Some" && failure.value instanceof Error ? failure.value.message : Cause.pretty(cause)
  return Console.error(`mcpgw can not start:\n${text.replaceAll(/^/gm, "  ")}`)
}

/** To be called once, by an entry point. */
export const run = (program: Program): void =>
  BunRuntime.runMain(Effect.tapErrorCause(Layer.launch(whole(program)), explain), {
    disableErrorReporting: true,
    disablePrettyLogger: true
  })
