/** A port that could not be opened: the start stops, and says which setting to change. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export class PortUnavailable extends Schema.TaggedError<PortUnavailable>()("PortUnavailable", {
  /** Names of the settings that hold host and port, the port's last. */
  settings: Schema.String,
  host: Schema.String,
  port: Schema.Number,
  problem: Schema.String
}) {
  override get message(): string {
    const next = this.port < 65_535 ? this.port + 1 : this.port - 1
    const another = `another port: ${this.settings.split(" ").at(-1)}=${next} npm start`
    return `${this.settings}: ${this.host}:${this.port} can not be listened on: ${this.problem}\n${another}`
  }
}

/** Opens a port. `settings` names the ones that hold host and port. */
export const opening = <A>(
  settings: string,
  { host, port }: { readonly host: string; readonly port: number },
  open: () => A
): Effect.Effect<A, PortUnavailable> =>
  Effect.try({
    try: open,
    catch: (error) =>
      new PortUnavailable({ settings, host, port, problem: error instanceof Error ? error.message : String(error) })
  })
