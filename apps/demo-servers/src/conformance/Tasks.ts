/**
 * Tasks of the extension `io.modelcontextprotocol/tasks` (2026-07-28), in memory for as long as the server lives: what they are doing, what they
 * wait for, what came of them. Knows no tool and no protocol library.
 */
export const TASKS_EXTENSION = "io.modelcontextprotocol/tasks"

type Json = Readonly<Record<string, unknown>>

type State =
  | { readonly status: "working" | "cancelled" }
  | { readonly status: "input_required"; readonly inputRequests: Json }
  | { readonly status: "completed"; readonly result: Json }
  | { readonly status: "failed"; readonly error: { readonly code: number; readonly message: string } }

/** A task without its outcome, as a tool answers it. */
export interface Created {
  readonly taskId: string
  readonly status: State["status"]
  /** ISO 8601. */
  readonly createdAt: string
  readonly lastUpdatedAt: string
  readonly ttlMs: number
  readonly pollIntervalMs: number
}

/** What a task's work may do besides ending. */
export interface Work {
  /** Waits for the client's answers, one for each key. */
  readonly ask: (questions: Json) => Promise<Json>
  /** Resolves after so many seconds, at once when the task is cancelled. */
  readonly pause: (seconds: number) => Promise<void>
}

export interface Tasks {
  /** Begins work whose result is a tool's; a failure of the work is one of the protocol. */
  readonly start: (work: (given: Work) => Promise<Json>) => Created
  /** With its outcome; undefined when there is none of that name. */
  readonly get: (taskId: string) => (Created & State) | undefined
  /** Answers that nobody waits for are dropped. False when there is no such task. */
  readonly answer: (taskId: string, answers: Json) => boolean
  /** Does nothing to a task that is over. False when there is no such task. */
  readonly cancel: (taskId: string) => boolean
}

const TTL_MS = 600_000
const POLL_MS = 100
const INTERNAL_ERROR = -32_603

interface Waiting {
  readonly given: Record<string, unknown>
  readonly resume: (answers: Json) => void
}

class Task {
  readonly taskId = crypto.randomUUID()
  readonly createdAt = new Date().toISOString()
  readonly over = new AbortController()
  lastUpdatedAt = this.createdAt
  state: State = { status: "working" }
  waiting: Waiting | undefined

  isOver(): boolean {
    return this.over.signal.aborted
  }

  become(state: State): void {
    if (this.isOver()) return
    this.state = state
    this.lastUpdatedAt = new Date().toISOString()
    if (state.status !== "working" && state.status !== "input_required") this.over.abort()
  }

  ask(questions: Json): Promise<Json> {
    this.become({ status: "input_required", inputRequests: questions })
    return new Promise((resume) => (this.waiting = { given: {}, resume }))
  }

  answer(answers: Json): void {
    if (this.waiting === undefined || this.state.status !== "input_required") return
    const pending: Record<string, unknown> = {}
    for (const [key, question] of Object.entries(this.state.inputRequests)) {
      if (key in answers) this.waiting.given[key] = answers[key]
      else pending[key] = question
    }
    if (Object.keys(pending).length > 0) return this.become({ status: "input_required", inputRequests: pending })
    this.become({ status: "working" })
    this.waiting.resume(this.waiting.given)
  }

  pause(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000)
      this.over.signal.addEventListener("abort", () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  shown(): Created {
    const { taskId, createdAt, lastUpdatedAt } = this
    return { taskId, status: this.state.status, createdAt, lastUpdatedAt, ttlMs: TTL_MS, pollIntervalMs: POLL_MS }
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

export const makeTasks = (): Tasks => {
  const tasks = new Map<string, Task>()
  const within = (taskId: string, act: (task: Task) => void): boolean => {
    const task = tasks.get(taskId)
    if (task !== undefined) act(task)
    return task !== undefined
  }
  return {
    start: (work) => {
      const task = new Task()
      tasks.set(task.taskId, task)
      const created = task.shown()
      void work({ ask: (questions) => task.ask(questions), pause: (seconds) => task.pause(seconds) }).then(
        (result) => task.become({ status: "completed", result }),
        (cause: unknown) =>
          task.become({ status: "failed", error: { code: INTERNAL_ERROR, message: messageOf(cause) } })
      )
      return created
    },
    get: (taskId) => {
      const task = tasks.get(taskId)
      return task === undefined ? undefined : { ...task.shown(), ...task.state }
    },
    answer: (taskId, answers) => within(taskId, (task) => task.answer(answers)),
    cancel: (taskId) => within(taskId, (task) => task.become({ status: "cancelled" }))
  }
}
