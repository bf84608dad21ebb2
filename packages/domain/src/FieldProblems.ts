/**
 * What is wrong with input that a schema refused, in words a person reads: each field once, and all that it may hold. Never repeats what the
 * input held: what may be told of that is the caller's decision.
 */
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"

/** One field that can not be used. `expected` is a sentence such as `it must be a text of 1 to 20 characters`. */
export interface FieldProblem {
  readonly path: ReadonlyArray<PropertyKey>
  readonly expected: string
  /** Of a field that does not exist: those that do. */
  readonly known?: ReadonlyArray<string>
}

type Found = Omit<FieldProblem, "expected"> & {
  /** A sentence of the schema's own. */
  readonly says?: string
  /** What may stand there. */
  readonly ast?: AST.AST
}

/** Bounds of a type, as its refinements state them for JSON Schema. */
type Bounds = Readonly<Record<string, number>>

const BOUNDS = ["minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "minItems", "maxItems"]

const refined = (ast: AST.AST): { readonly base: AST.AST; readonly bounds: Bounds; readonly integer: boolean } => {
  const bounds: Record<string, number> = {}
  let [base, integer] = [ast, false]
  while (AST.isRefinement(base) || AST.isTransformation(base)) {
    const schema = Option.getOrElse(AST.getJSONSchemaAnnotation(base), () => ({}))
    integer ||= Reflect.get(schema, "type") === "integer"
    for (const name of BOUNDS) {
      const value: unknown = Reflect.get(schema, name)
      if (typeof value === "number") bounds[name] ??= value
    }
    base = AST.isRefinement(base) ? base.from : AST.typeAST(base.to)
  }
  return { base, bounds, integer }
}

const range = (least: number | undefined, most: number | undefined): string | undefined => {
  if (least !== undefined && most !== undefined) return least === most ? String(least) : `${least} to ${most}`
  if (least !== undefined) return `at least ${least}`
  return most === undefined ? undefined : `at most ${most}`
}

const textWords = ({ maxLength, minLength }: Bounds): string => {
  if (minLength === 1 && maxLength === undefined) return "a text that is not empty"
  const characters = range(minLength, maxLength)
  return characters === undefined ? "a text" : `a text of ${characters} characters`
}

const numberWords = ({ exclusiveMinimum, maximum, minimum }: Bounds, integer: boolean): string => {
  const kind = integer ? "an integer" : "a number"
  if (minimum !== undefined && maximum !== undefined) return `${kind} from ${minimum} to ${maximum}`
  if (minimum !== undefined) return `${kind} of ${minimum} or more`
  if (exclusiveMinimum !== undefined) return `${kind} above ${exclusiveMinimum}`
  return maximum === undefined ? kind : `${kind} of ${maximum} or less`
}

const PLURALS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^a text/, "texts"],
  [/^an integer/, "integers"],
  [/^a number/, "numbers"],
  [/^an object/, "objects"]
]

const plural = (words: string): string => {
  const [one, many] = PLURALS.find(([one]) => one.test(words)) ?? []
  return one === undefined || many === undefined
    ? words
    : words.replace(one, many).replace("that is not", "that are not")
}

const listWords = (ast: AST.TupleType, { maxItems, minItems }: Bounds): string => {
  const [rest] = ast.rest
  const least = minItems ?? (ast.elements.length === 0 ? undefined : ast.elements.length)
  const items = range(least, maxItems)
  const size = items === undefined ? "" : `${items} `
  return rest === undefined ? "a list" : `a list of ${size}${plural(wordsOf(rest.type))}`
}

/** `a, b or c` */
export const either = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`

/** Those of alternatives in alternatives too. */
const alternatives = ({ types }: AST.Union): ReadonlyArray<AST.AST> =>
  types.flatMap((type) => (AST.isUnion(type) ? alternatives(type) : AST.isUndefinedKeyword(type) ? [] : [type]))

/** Words of a type that bounds alone do not describe, as whoever wrote its schema chose them. */
const described = (ast: AST.AST): string | undefined =>
  AST.isRefinement(ast)
    ? Option.getOrUndefined(Option.orElse(AST.getDescriptionAnnotation(ast), () => AST.getTitleAnnotation(ast)))
    : undefined

const refinedWords = (ast: AST.Refinement | AST.Transformation): string => {
  const { base, bounds, integer } = refined(ast)
  if (AST.isStringKeyword(base)) {
    return Object.keys(bounds).length > 0 ? textWords(bounds) : (described(ast) ?? "a text")
  }
  if (AST.isNumberKeyword(base)) return numberWords(bounds, integer)
  if (AST.isTupleType(base)) return listWords(base, bounds)
  return wordsOf(base)
}

/** What a type holds, such as `a list of texts of 1 to 256 characters` or `"a", "b" or "c"`. */
export const wordsOf = (ast: AST.AST): string => {
  switch (ast._tag) {
    case "StringKeyword":
      return "a text"
    case "NumberKeyword":
      return "a number"
    case "BooleanKeyword":
      return "true or false"
    case "Literal":
      return JSON.stringify(ast.literal)
    case "Union":
      return either([...new Set(alternatives(ast).map(wordsOf))])
    case "TupleType":
      return listWords(ast, {})
    case "TypeLiteral":
    case "ObjectKeyword":
      return "an object"
    case "Suspend":
      return wordsOf(ast.f())
    case "Refinement":
    case "Transformation":
      return refinedWords(ast)
    default:
      return String(ast)
  }
}

/** The schema's own sentence for it; undefined: none. */
const ownSentence = (issue: ParseResult.ParseIssue): string | undefined => {
  const [only, another] = ParseResult.ArrayFormatter.formatIssueSync(issue)
  if (only === undefined || another !== undefined || only.path.length > 0) return undefined
  return /^(?:Expected |Unable to decode )/.test(only.message) ? undefined : only.message
}

const hasMessage = (issue: ParseResult.ParseIssue): boolean =>
  "ast" in issue && Option.isSome(AST.getMessageAnnotation(issue.ast)) && ownSentence(issue) !== undefined

const sentence = (path: FieldProblem["path"], says: string | undefined, ast: AST.AST): Found =>
  says === undefined ? { path, ast } : { path, says }

const namesOf = (ast: AST.AST | undefined): ReadonlyArray<string> =>
  ast === undefined ? [] : AST.getPropertySignatures(AST.typeAST(ast)).map(({ name }) => String(name))

const walkAll = (
  { ast, issues }: ParseResult.Composite,
  path: FieldProblem["path"],
  whole: AST.AST | undefined
): ReadonlyArray<Found> => {
  const inside = "_tag" in issues ? [issues] : issues
  if (!AST.isUnion(ast)) return inside.flatMap((one) => walk(one, path, undefined, ast))
  const found = inside.flatMap((one) => walk(one, path, undefined, undefined))
  // What is deeper belongs to the alternative that was meant.
  const deeper = found.filter((one) => one.path.length > path.length)
  if (deeper.length > 0) return deeper
  const own = found.find(({ says }) => says !== undefined)
  return [own ?? { path, ast: whole ?? ast }]
}

/** `whole`: the outermost type at this path; `holder`: the object that has the field. */
const walk = (
  issue: ParseResult.ParseIssue,
  path: FieldProblem["path"],
  whole: AST.AST | undefined,
  holder: AST.AST | undefined
): ReadonlyArray<Found> => {
  if (hasMessage(issue)) return [{ path, says: ownSentence(issue) ?? "" }]
  switch (issue._tag) {
    case "Pointer":
      return walk(issue.issue, path.concat(issue.path), undefined, holder)
    case "Composite":
      return walkAll(issue, path, whole)
    case "Refinement":
    case "Transformation":
      return walk(issue.issue, path, whole ?? issue.ast, holder)
    case "Type":
      return [sentence(path, ownSentence(issue), whole ?? issue.ast)]
    case "Missing":
      return [{ path, says: ParseResult.ArrayFormatter.formatIssueSync(issue)[0]?.message ?? "is missing" }]
    case "Unexpected":
      return [{ path, says: "is unexpected", known: namesOf(holder) }]
    case "Forbidden":
      return [{ path, says: issue.message ?? "is forbidden" }]
  }
}

const expectedOf = ({ ast, says }: Found): string => {
  if (says === undefined) return ast === undefined ? "it can not be read" : `it must be ${wordsOf(ast)}`
  return says === "is missing" ? "it is needed" : says
}

/** Every field a failed decoding or encoding names, each once, in the order of the schema. */
export const fieldProblems = ({ issue }: ParseResult.ParseError): ReadonlyArray<FieldProblem> => {
  const problems = new Map<string, FieldProblem>()
  for (const found of walk(issue, [], undefined, undefined)) {
    const key = JSON.stringify(found.path.map(String))
    if (problems.has(key)) continue
    const { known, path } = found
    const expected = known === undefined ? expectedOf(found) : `it may be ${either(known)}`
    problems.set(key, { path, expected, ...(known === undefined ? {} : { known }) })
  }
  return [...problems.values()]
}
