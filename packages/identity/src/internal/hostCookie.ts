/**
 * How every cookie of ours is named and set: with an https public URL bound to this very host by the `__Host-` prefix (RFC 6265bis
 * §4.1.3.2), which no sibling host can plant. Browsers refuse the prefix without https. Never readable by scripts.
 */

export const isSecure = (publicUrl: string): boolean => publicUrl.startsWith("https:")

/** `plain`: the name without https. */
export const hostCookieName = (publicUrl: string, plain: string): string =>
  isSecure(publicUrl) ? `__Host-${plain}` : plain

/** A `Set-Cookie` value; `seconds`: how long the browser keeps it, 0 takes it away. */
export const hostCookie = (publicUrl: string, name: string, value: string, seconds: number): string =>
  `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${isSecure(publicUrl) ? "; Secure" : ""}`
