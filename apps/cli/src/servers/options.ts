/** What the commands about servers may be told of one: fields of a registration, by name. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"

export const server = Args.text({ name: "SERVER" }).pipe(
  Args.withDescription("A server's path or name, such as /currenttime or currenttime.")
)

/** A text that may be left out. */
export const text = (name: string, pseudo: string, words: string) =>
  Options.text(name).pipe(Options.optional, Options.withPseudoName(pseudo), Options.withDescription(words))

const separated = (given: ReadonlyArray<string>): ReadonlyArray<string> =>
  given
    .flatMap((one) => one.split(","))
    .map((one) => one.trim())
    .filter((one) => one !== "")

/** Texts given one by one or separated by commas. */
export const list = (name: string, pseudo: string, words: string) =>
  Options.text(name).pipe(
    Options.withPseudoName(pseudo),
    Options.repeated,
    Options.withDefault<ReadonlyArray<string>>([]),
    Options.map(separated),
    Options.withDescription(words)
  )

/** `Name: value`. */
const headerOf = (given: string): Option.Option<Readonly<Record<string, string>>> => {
  const [, name, value] = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*)$/.exec(given) ?? []
  return name === undefined || value === undefined ? Option.none() : Option.some({ [name]: value })
}

export const fields = {
  name: text("name", "NAME", "What people call it."),
  path: text("path", "PATH", "Where it is at the gateway, such as /weather."),
  target: text("proxy-pass-url", "URL", "Where the server itself is: an http:// or https:// URL."),
  description: text("description", "TEXT", "What it is good for; search looks here."),
  tags: Options.text("tag").pipe(
    Options.withPseudoName("TAG"),
    Options.repeated,
    Options.withDefault<ReadonlyArray<string>>([]),
    Options.map((given) => (given.length === 0 ? Option.none() : Option.some(separated(given)))),
    Options.withDescription("A tag; may be given more than once, or with commas. An empty one alone: none at all.")
  ),
  license: text("license", "NAME", "Its licence."),
  transports: list("transport", "NAME", "streamable-http or sse; may be given more than once."),
  authType: text("auth-type", "NAME", "none, oauth, api_key or custom, as the record says."),
  headers: Options.text("header").pipe(
    Options.withPseudoName("NAME: VALUE"),
    Options.repeated,
    Options.withDefault<ReadonlyArray<string>>([]),
    Options.filterMap(
      (given) => Option.all(given.map(headerOf)),
      "--header may hold a name, a colon and a value, such as 'X-Region: eu'"
    ),
    Options.withDescription("A header every call of it gets; $NAME_AUTH_TOKEN stands for a variable of the gateway's.")
  )
}

/** By the names that the API gives to fields. */
export const FLAGS: Readonly<Record<string, string>> = {
  server_name: "--name",
  name: "--name",
  path: "--path",
  proxy_pass_url: "--proxy-pass-url",
  description: "--description",
  tags: "--tag",
  license: "--license",
  supported_transports: "--transport",
  auth_type: "--auth-type",
  headers: "--header"
}

export interface Fields {
  readonly name: Option.Option<string>
  readonly path: Option.Option<string>
  readonly target: Option.Option<string>
  readonly description: Option.Option<string>
  /** Empty: to be taken away. */
  readonly tags: Option.Option<ReadonlyArray<string>>
  readonly license: Option.Option<string>
  readonly transports: ReadonlyArray<string>
  readonly authType: Option.Option<string>
  readonly headers: ReadonlyArray<Readonly<Record<string, string>>>
}

/** The fields as the API calls them; those that were not given are absent. */
export const given = (fields: Fields): Readonly<Record<string, unknown>> => {
  const texts = {
    server_name: fields.name,
    path: fields.path,
    proxy_pass_url: fields.target,
    description: fields.description,
    license: fields.license,
    auth_type: fields.authType
  }
  const lists = { supported_transports: fields.transports, headers: fields.headers }
  return Object.fromEntries([
    ...(Option.isSome(fields.tags) ? [["tags", fields.tags.value] as const] : []),
    ...Object.entries(texts).flatMap(([name, value]) => (Option.isSome(value) ? [[name, value.value] as const] : [])),
    ...Object.entries(lists).filter(([, values]) => values.length > 0)
  ])
}
