/** Which paths are the control plane's, and that whoever sets up a proxy in front is told of each of them. */
import * as HttpApi from "@effect/platform/HttpApi"
import { Api } from "@mcpgw/api/Api"
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { CONTROL_PATHS, isControl } from "../src/routes.ts"

const REGISTRY = join(import.meta.dirname, "../../registry/src/start.ts")

/** Paths of the API, each variable part filled in. */
const paths: Array<string> = []
HttpApi.reflect(Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint: { path } }) => void paths.push(path.replaceAll(/:\w+|\*/g, "x"))
})

const isBelow = (path: string): boolean => CONTROL_PATHS.some((first) => path === first || path.startsWith(`${first}/`))

describe("issue 6: a proxy in front of a registry and its gateways", () => {
  it("is told of every path that is the control plane's", () => {
    const { stdout } = spawnSync(process.execPath, [REGISTRY, "--help"], { encoding: "utf8" })
    const [, told = ""] = /through a proxy that sends\n([\s\S]*?)\n *here and everything else/.exec(stdout) ?? []
    assert.deepStrictEqual(told.trim().split(/\s+/), [...CONTROL_PATHS])
    for (const path of ["/docs", "/register", "/toggle", "/edit", "/ws/health_status"])
      assert.include(CONTROL_PATHS, path)
  })

  it("each path told is the control plane's, and what a server may be called is not", () => {
    assert.deepStrictEqual(
      CONTROL_PATHS.filter((path) => !isControl(path)),
      []
    )
    for (const path of ["/apis", "/v0x1", "/docs2", "/register/x", "/internal/other", "/login/x", "/weather/mcp", "/"])
      assert.isFalse(isControl(path), path)
  })

  it("every route of the API is at or below one of them", () => {
    assert.isAbove(paths.length, 80)
    // The gateway's own listener answers these by itself.
    const elsewhere = paths.filter((path) => path !== "/health" && !(isControl(path) && isBelow(path)))
    assert.deepStrictEqual(elsewhere, [])
  })
})
