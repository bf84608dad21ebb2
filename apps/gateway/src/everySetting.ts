/** Every setting there is, in the order `.env.example` and `--help` list them. */
import { providerSettings } from "./providerSettings.ts"
import { type Setting, settings } from "./settings.ts"

export const everySetting: ReadonlyArray<Setting<unknown>> = [...Object.values(settings), ...providerSettings]
