import { describe, expect, it } from "@effect/vitest"
import {
  clearCookies,
  cookieName,
  cookieNames,
  presentedSession,
  sessionValues,
  setCookie
} from "../src/SessionCookie.ts"

const HTTPS = "https://gw.example"
const HTTP = "http://127.0.0.1:7860"
const OWN = "__Host-mcp_gateway_session"
const OLD = "mcp_gateway_session"

describe("contracts §2.6, design §6: the session's cookie", () => {
  it("with https it is the host's alone, and meets what browsers ask of the prefix; without, the old name", () => {
    expect(cookieName(HTTPS)).toBe(OWN)
    expect(setCookie(HTTPS, "v", 60)).toBe(`${OWN}=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure`)
    expect(cookieName(HTTP)).toBe(OLD)
    expect(setCookie(HTTP, "v", 60)).toBe(`${OLD}=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax`)
  })

  it("is taken away under every name it is read from, with the attributes it was set with", () => {
    expect(clearCookies(HTTPS)).toEqual([
      `${OWN}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure`,
      `${OLD}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure`
    ])
    expect(clearCookies(HTTP)).toEqual([`${OLD}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax`])
  })

  it("hands out the same names for every request: the hot path asks", () => {
    expect(cookieNames(HTTPS)).toBe(cookieNames(HTTPS))
    expect(cookieNames(HTTP)).toEqual([OLD])
  })

  it("finds every value to be ended, each once", () => {
    expect(sessionValues(`a=1; ${OLD}=x; ${OWN}=y; ${OLD}=x; ${OLD}=; x${OLD}=z`)).toEqual(["y", "x"])
    expect(sessionValues(undefined)).toEqual([])
  })

  it("S-11: a page believes no planted value, and none of two", () => {
    const browser = { "sec-fetch-site": "same-origin" }
    expect(presentedSession(HTTPS, { ...browser, cookie: `${OLD}=planted` })).toBeUndefined()
    expect(presentedSession(HTTPS, { ...browser, cookie: `${OLD}=planted; ${OWN}=mine` })).toBe("mine")
    expect(presentedSession(HTTPS, { ...browser, cookie: `${OWN}=a; ${OWN}=b` })).toBeUndefined()
    expect(presentedSession(HTTPS, { authorization: "Bearer t", cookie: `${OWN}=mine` })).toBe("mine")
    expect(presentedSession(HTTP, { ...browser, cookie: `${OLD}=mine` })).toBe("mine")
    expect(presentedSession(HTTPS, {})).toBeUndefined()
  })
})
