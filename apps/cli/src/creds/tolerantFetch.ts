/**
 * Makes of what providers answer at their token endpoints what RFC 6749 §5 says: some answer errors with 200 (GitHub, Slack), leave `token_type`
 * out (LinkedIn), name one of their own or nest the person's token (Slack). Identity tokens are dropped: nobody signs in here. Follows no redirect.
 */
import type { CustomFetch } from "openid-client"

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {}

const parsed = (text: string): Fields => {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return {}
  }
}

/** The fields of RFC 6749 §5.1 that are there. */
export const standard = (fields: Fields): Fields => {
  const nested = fieldsOf(fields["authed_user"])
  const token = typeof fields["access_token"] === "string" ? fields : nested
  const seconds = Number(token["expires_in"])
  return Object.fromEntries(
    Object.entries({
      access_token: token["access_token"],
      token_type: "Bearer",
      refresh_token: token["refresh_token"],
      expires_in: Number.isFinite(seconds) && seconds > 0 ? seconds : undefined,
      scope: typeof token["scope"] === "string" ? token["scope"] : undefined
    }).filter(([, value]) => value !== undefined && value !== null && value !== "")
  )
}

export const tolerantFetch: CustomFetch = async (url, { body, headers, method, signal }) => {
  const response = await fetch(url, {
    method,
    headers,
    redirect: "manual",
    ...(body === undefined || body === null ? {} : { body }),
    ...(signal === undefined ? {} : { signal })
  })
  if (!response.ok) return response
  const fields = parsed(await response.text())
  const answer = standard(fields)
  if (typeof answer["access_token"] === "string") return Response.json(answer)
  const error = typeof fields["error"] === "string" ? fields["error"] : "no_token"
  return Response.json({ error }, { status: 400 })
}
