/** Checks answers against the published schema and OpenAPI of the official registry protocol, and documents to publish. */
import { Ajv } from "ajv"
import addFormats from "ajv-formats"
import { expect } from "vitest"
import api from "../fixtures/registryApi.schema.json" with { type: "json" }
import schema from "../fixtures/server.schema.json" with { type: "json" }
import type { Answer } from "./plane.ts"

const ajv = new Ajv({ allErrors: true, strict: false })
addFormats.default(ajv)
ajv.addSchema(schema)
ajv.addSchema(api)

/** Errors of the published schema of a document; none for a valid one. */
export const schemaErrors = (document: unknown): ReadonlyArray<string> => {
  ajv.validate(schema.$id, document)
  return (ajv.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

/** A read of the published OpenAPI: its parameters, and the shape of each status. */
interface PublishedRead {
  readonly parameters: Readonly<
    Record<
      string,
      {
        readonly in: string
        readonly required: boolean
        readonly schema: object
        /** As it stands in a URL. */
        readonly example: string
      }
    >
  >
  readonly responses: Readonly<Record<string, string>>
}

/** By path. */
export const PUBLISHED_READS: Readonly<Record<string, PublishedRead>> = api.operations

/** The answer, when the published OpenAPI says that a read answers with this status and body. */
export const expectPublished = (path: string, answer: Answer): void => {
  const shape = PUBLISHED_READS[path]?.responses[answer.status]
  expect(shape, `${path} answered ${answer.status}: ${answer.text}`).toBeDefined()
  ajv.validate(`${api.$id}#/definitions/${shape}`, answer.body)
  expect(ajv.errors ?? []).toEqual([])
  expect(answer.headers.get("content-type")).toMatch(/^application\/(?:problem\+)?json/)
}

/** The body, when it is what the published OpenAPI says. */
export const expectShape = (kind: keyof typeof api.definitions, { body }: Answer): void => {
  ajv.validate(`${api.$id}#/definitions/${kind}`, body)
  expect(ajv.errors ?? []).toEqual([])
}

export interface Shown {
  readonly server: { readonly name: string; readonly version: string; readonly [key: string]: unknown }
  readonly _meta: {
    readonly "io.modelcontextprotocol.registry/official": {
      readonly status: string
      readonly statusMessage?: string
      readonly updatedAt: string
      readonly isLatest: boolean
    }
  }
}

const isList = (
  body: unknown
): body is { readonly servers: ReadonlyArray<Shown>; readonly metadata: { readonly nextCursor?: string } } =>
  typeof body === "object" && body !== null && "servers" in body && "metadata" in body

/** A list, checked. */
export const listIn = (answer: Answer) => {
  expect(answer.status, answer.text).toBe(200)
  expectShape("ServerList", answer)
  if (!isList(answer.body)) throw new Error("no list")
  return answer.body
}

/** `name@version` of each. */
export const namesIn = (answer: Answer): ReadonlyArray<string> =>
  listIn(answer).servers.map(({ server }) => `${server.name}@${server.version}`)

const isShown = (body: unknown): body is Shown => typeof body === "object" && body !== null && "server" in body

/** One entry, checked. */
export const shownIn = (answer: Answer): Shown => {
  expect(answer.status, answer.text).toBe(200)
  expectShape("ServerResponse", answer)
  if (!isShown(answer.body)) throw new Error("no entry")
  return answer.body
}

export const officialIn = (answer: Answer) => shownIn(answer)._meta["io.modelcontextprotocol.registry/official"]

/** A document that may be published. */
export const document = (name: string, version: string, more: object = {}): object => ({
  name,
  version,
  description: `What ${name} does`,
  ...more
})
