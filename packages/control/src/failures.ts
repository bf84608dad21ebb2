/** Gives what no handler answered the shape of the other refusals: undecodable parameters, unknown routes, methods a route does not have, defects. */
import * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApp from "@effect/platform/HttpApp"
import { HttpApiDecodeError } from "@effect/platform/HttpApiError"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Api } from "@mcpgw/api/Api"
import { BadRequest, type FieldError, fieldProblems, InternalError, NotFound, problem } from "@mcpgw/api/ApiError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as AST from "effect/SchemaAST"
import { problemResponse } from "./problems.ts"
import { queryErrors } from "./queryErrors.ts"

/** Of a path or a body, which are not read again here: that a field is wrong, and not what it held. */
const elsewhere = ({ issues }: HttpApiDecodeError): ReadonlyArray<FieldError> => {
  const fields = new Set(issues.map(({ path }) => path.map(String).join(".") || "request"))
  return [...fields].map((field) => ({ ...unreadable, field }))
}

/** What is wrong with the parameters of a request by the schema of its route, and else with what else it held. */
const undecodable = (error: HttpApiDecodeError, method: string, url: string): BadRequest => {
  const [pathname = "", search = ""] = url.split("?", 2)
  const query = routes.find((route) => route.method === method && isAt(route.path, pathname))?.query
  const found = query === undefined ? [] : queryErrors(query, search)
  const [first = unreadable, ...others] = found.length > 0 ? found : elsewhere(error)
  return new BadRequest(fieldProblems(first, ...others))
}

const unreadable = { field: "request", held: "something else", expected: "it can not be read" }

const isRouteNotFound = (failure: unknown): failure is HttpServerError.RouteNotFound =>
  HttpServerError.isServerError(failure) && failure._tag === "RouteNotFound"

const unknownRoute = new NotFound(problem("Not found", "There is no such route; /openapi.json lists them"))
const internal = new InternalError(problem("Internal server error", "The registry's log says more"))

interface Route {
  readonly method: string
  readonly path: string
  /** Type of its parameters. */
  readonly query: AST.AST | undefined
}

/** Routes by method. A path's `*` stands for whatever follows, `:name` for one segment. */
const routes: Array<Route> = []
HttpApi.reflect(Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint: { method, path, urlParamsSchema } }) =>
    void routes.push({ method, path, query: Option.getOrUndefined(urlParamsSchema)?.ast })
})

const isAt = (path: string, pathname: string): boolean => {
  if (path.endsWith("*")) return pathname.startsWith(path.slice(0, -1))
  const segments = pathname.split("/")
  const pattern = path.split("/")
  return (
    pattern.length === segments.length &&
    pattern.every((part, i) => part === segments[i] || (part.startsWith(":") && segments[i] !== ""))
  )
}

/** What stands at a path that was a page of the replaced system, or is taken for one. */
const NO_PAGE: ReadonlyArray<readonly [path: string, detail: string]> = [
  ["/api/auth/login", "The sign-in page is /login; here POST username and password, as a form or as JSON"],
  ["/api/register", "There is no page for this: POST the server's fields, as a form or as JSON"],
  ["/api/toggle/", "There is no page for this: POST enabled=on, or off, as a form or as JSON"],
  ["/api/edit/", "There is no page for this: POST the fields that change, as a form or as JSON"]
]

const detailOf = (pathname: string, allow: ReadonlyArray<string>): string =>
  NO_PAGE.find(([path]) => (path.endsWith("/") ? pathname.startsWith(path) : pathname === path))?.[1] ??
  `Here may be sent: ${allow.join(", ")}`

/** The answer for a path that is there and a method that is not; undefined for any other failure. */
const methodNotAllowed = (failure: unknown): HttpServerResponse.HttpServerResponse | undefined => {
  if (!isRouteNotFound(failure)) return undefined
  const { method: asked, url } = failure.request
  const pathname = url.split("?", 1)[0] ?? ""
  const methods = routes.filter(({ path }) => isAt(path, pathname)).map(({ method }) => method)
  // A route that is there for this method was not taken for something else, such as a path that can not be decoded.
  if (methods.length === 0 || methods.some((method) => method === asked)) return undefined
  const allow = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).toSorted()
  return problemResponse(405, problem("Method not allowed", detailOf(pathname, allow)), { allow: allow.join(", ") })
}

/** What stands for a failure that has no shape of ours yet; undefined for one that has. */
const shapeOf = (failure: unknown) => {
  if (failure instanceof HttpApiDecodeError) {
    return Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ method, url }) => undecodable(failure, method, url))
  }
  return isRouteNotFound(failure) ? unknownRoute : undefined
}

/** Middleware of the whole API. */
export const failures = (app: HttpApp.Default): HttpApp.Default<BadRequest | NotFound | InternalError> =>
  Effect.catchAllCause(app, (cause): ReturnType<typeof failures> => {
    const failure = Cause.failureOption(cause)
    if (Option.isSome(failure)) {
      const refused = methodNotAllowed(failure.value)
      return refused === undefined ? (shapeOf(failure.value) ?? Effect.failCause(cause)) : Effect.succeed(refused)
    }
    if (Cause.isInterrupted(cause)) return Effect.failCause(cause)
    return Effect.zipRight(Effect.logError("A handler of the registry API died", cause), internal)
  })
