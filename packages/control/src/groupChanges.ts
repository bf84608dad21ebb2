/**
 * Groups created, deleted, and given servers: in the policy and, where an identity provider's groups can be administered, there. The policy comes
 * first, because it decides; what the provider did not do is told with the answer, and how it is made up for. No group of the provider's is deleted
 * that was not made from here, or that the policy did not map.
 */
import { BadRequest, Conflict, fieldProblem, Forbidden, NotFound, problem } from "@mcpgw/api/ApiError"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import { GroupDirectory } from "@mcpgw/identity/GroupDirectory"
import {
  addServer,
  createGroup,
  deleteGroup,
  groupView,
  isSystemGroup,
  type Opened,
  problemOfGroup,
  removeServer,
  SCOPE_SUFFIX,
  targetsOf
} from "@mcpgw/policy/GroupEdits"
import { TOOLS_CALL } from "@mcpgw/policy/Methods"
import type { PolicyDocument } from "@mcpgw/policy/PolicyDocument"
import { PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { type Caller, mayCall, mayUse, may, sees } from "./access.ts"
import { keepsAdministrator, policyFailures, readFailures } from "./policyFailures.ts"
import { createThere, removeThere, untouched } from "./providerGroups.ts"
import { RequestTrail } from "./RequestTrail.ts"

/** What was done where. `problem`: what was not, and what to do about it. */
export interface Outcome {
  readonly inPolicy: boolean
  readonly inDirectory: boolean
  readonly problem: string | undefined
}

export interface NewGroup {
  readonly name: string
  readonly description: string
  readonly suffix: string | undefined
  /** In the identity provider too? */
  readonly inDirectory: boolean
}

/** A change by which an administrator would be none any more is refused; whoever else manages a group stays what they are. */
const changed = (who: Caller, edit: (document: PolicyDocument) => PolicyDocument) =>
  Effect.flatMap(PolicyWriter, (writer) =>
    writer.change(who.claims.username, (document) =>
      Effect.flatMap(
        Effect.sync(() => edit(document)),
        (next) => (who.isAdmin ? keepsAdministrator(who, next) : Effect.succeed(next))
      )
    )
  ).pipe(Effect.catchTags(policyFailures))

/** What the policy says now, where it is kept. */
export const documentNow = Effect.flatMap(PolicyWriter, (writer) => writer.document).pipe(
  Effect.catchTags(readFailures)
)

export const create = (who: Caller, { description, inDirectory: wanted, name, suffix }: NewGroup) =>
  Effect.gen(function* () {
    const wrong = problemOfGroup(name)
    if (wrong !== undefined) return yield* new BadRequest(fieldProblem("group_name", JSON.stringify(name), wrong))
    if (suffix !== undefined && !SCOPE_SUFFIX.test(suffix)) {
      const expected = "it must be 1 to 32 lower-case letters, digits or -, beginning with a letter"
      return yield* new BadRequest(fieldProblem("scope_suffix", JSON.stringify(suffix), expected))
    }
    let isNew = false
    yield* changed(who, (document) => {
      const before = document.groupMappings.get(name)
      isNew = before === undefined || (suffix !== undefined && !before.includes(`${name}/${suffix}`))
      return isNew ? createGroup(document, name, suffix) : document
    })
    const there = wanted ? yield* createThere(name, description) : untouched
    if (!isNew && !there.done && !there.failed) {
      return yield* new Conflict(problem(`Group '${name}' already exists`))
    }
    const outcome: Outcome = { inPolicy: isNew, inDirectory: there.done, problem: there.problem }
    return outcome
  })

export const remove = (who: Caller, name: string, options: { readonly inDirectory: boolean }) =>
  Effect.gen(function* () {
    if (isSystemGroup(name)) return yield* new Forbidden(problem(`Cannot delete system group '${name}'`))
    let found = false
    let mapped = false
    let kept: ReadonlyArray<string> = []
    if (groupView(yield* documentNow, name) === undefined) return yield* notInPolicy(name)
    yield* changed(who, (document) => {
      const view = groupView(document, name)
      found = view !== undefined
      mapped = view?.mapped === true
      if (!found) return document
      const deleted = deleteGroup(document, name)
      kept = deleted.kept
      return deleted.document
    })
    if (!found) return yield* notInPolicy(name)
    const there = options.inDirectory && mapped ? yield* removeThere(name) : untouched
    const notes = [
      ...(kept.length === 0 ? [] : [`Other groups are mapped to ${kept.join(", ")}: that stays.`]),
      ...(there.problem === undefined ? [] : [there.problem])
    ]
    const outcome: Outcome = {
      inPolicy: true,
      inDirectory: there.done,
      problem: notes.length === 0 ? undefined : notes.join(" ")
    }
    return outcome
  })

/** To administrators, who may look for it at the provider. */
const notInPolicy = (name: string) =>
  Effect.flatMap(GroupDirectory, ({ name: directory }) =>
    directory === undefined
      ? noSuchGroup(name)
      : new NotFound(
          problem(
            `Group '${name}' not found`,
            `The policy names no such group. One of ${directory} that it does not map is not deleted from here: delete it there`
          )
        )
  )

export const noSuchGroup = (name: string): NotFound => new NotFound(problem(`Group '${name}' not found`))

/** By path, with or without slashes, or by a display name that only one server has. */
const serverNamed = (who: Caller, name: string) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const named = [...registry.snapshot().servers.values()].filter(({ record }) => record.server_name === name)
    const server = registry.get(name) ?? (named.length === 1 ? named[0] : undefined)
    if (server === undefined || !sees(who, server)) {
      return yield* new NotFound(problem("Service path not registered", "There is no such server, by path or name"))
    }
    return server
  })

/** The same; the audit record names it. */
export const notedServer = (who: Caller, name: string) =>
  Effect.gen(function* () {
    const server = yield* serverNamed(who, name)
    const trail = yield* RequestTrail
    trail.server = server.record.path
    return server
  })

const noServer = (name: string): BadRequest =>
  new BadRequest(
    problem(`Group '${name}' takes no servers`, "It is mapped to scopes that are not its own: name one of those")
  )

/** Every scope that is meant, or the first name that means none. */
const scopesOf = (document: PolicyDocument, names: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const found = new Set<string>()
    for (const name of names) {
      if (groupView(document, name) === undefined) return yield* noSuchGroup(name)
      const scopes = targetsOf(document, name)
      if (scopes.length === 0) return yield* noServer(name)
      for (const scope of scopes) found.add(scope)
    }
    return [...found]
  })

/**
 * May they open that tool to a group? A rule that lists a name among its tools opens the method of that name too, so what may be a method's name,
 * because no tool is known by it or because it holds a slash, is theirs to give only when they may use such a method.
 */
const mayOpenTool = (who: Caller, { path, tool_list: known }: RegisteredServer["record"], tool: string): boolean =>
  mayCall(who, path, tool) &&
  ((!tool.includes("/") && known.some(({ name }) => name === tool)) || mayUse(who, path, tool))

/** `tools/call` opens nothing by itself: tools are judged by their names. */
const mayOpenMethod = (who: Caller, path: string, method: string): boolean =>
  method === TOOLS_CALL || mayUse(who, path, method)

/** What somebody other than an administrator wants to open and has not; undefined: they have all of it. */
const notTheirs = (who: Caller, record: RegisteredServer["record"], { methods, tools }: Opened): string | undefined => {
  if (tools.all) return "You can not open all tools, those that will be there one day among them: name some"
  const tool = tools.names.find((name) => !mayOpenTool(who, record, name))
  if (tool !== undefined) return `You can not call '${tool}' yourself`
  if (methods?.all === true) return "You can not open all methods: name some"
  const method = methods?.names.find((name) => !mayOpenMethod(who, record.path, name))
  return method === undefined ? undefined : `You can not use '${method}' yourself`
}

/** Nobody but an administrator gives a group what they do not have themselves: the server to change, and each tool and method to use. */
const authorized = (who: Caller, { record }: RegisteredServer, opened: Opened) =>
  Effect.gen(function* () {
    if (who.isAdmin) return
    if (!may(who, "modify_service", record)) {
      return yield* new Forbidden(problem(`You do not have permission to modify ${record.server_name}`))
    }
    const refused = notTheirs(who, record, opened)
    if (refused === undefined) return
    return yield* new Forbidden(problem(`You do not have permission to open that of ${record.server_name}`, refused))
  })

/** What is open when nobody says: the tools that are known now, as far as the caller has them. New ones of the server stay closed. */
export const knownTools = (who: Caller, { record }: RegisteredServer): Opened => ({
  tools: {
    all: false,
    names: record.tool_list.map(({ name }) => name).filter((name) => who.isAdmin || mayOpenTool(who, record, name))
  }
})

/** Opens the server to all of the groups or, when one is unknown, to none. */
export const open = (who: Caller, server: RegisteredServer, names: ReadonlyArray<string>, opened: Opened) =>
  Effect.gen(function* () {
    yield* authorized(who, server, opened)
    const offers = (method: string): boolean => mayOpenMethod(who, server.record.path, method)
    const scopes = yield* scopesOf(yield* documentNow, names)
    return yield* changed(who, (document) =>
      scopes.reduce((held, scope) => addServer(held, scope, server.record.path, { ...opened, offers }), document)
    )
  })

/** Closes the server to all of the groups or, when one is unknown, to none. It may be gone already. */
export const close = (who: Caller, path: string, names: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const scopes = yield* scopesOf(yield* documentNow, names)
    return yield* changed(who, (document) => scopes.reduce((held, scope) => removeServer(held, scope, path), document))
  })
