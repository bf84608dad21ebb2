/** Warns when passwords and tokens would travel readable. Says nothing of what a network between does; judges the settings alone. */
import { BlockList, isIP } from "node:net"
import type { GatewayConfigApi } from "./config.ts"
import { settings } from "./settings.ts"

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4")
LOOPBACK.addAddress("::1", "ipv6")

const isLoopback = (host: string): boolean => {
  const version = isIP(host)
  return version === 0 ? host.toLowerCase() === "localhost" : LOOPBACK.check(host, version === 6 ? "ipv6" : "ipv4")
}

/**
 * Everybody can connect, and is sent to an address that is this machine for whoever asks. `named`: the public URL is set; undefined: then, or
 * when only this machine can connect.
 */
export const misled = ({ host, publicUrl }: Pick<GatewayConfigApi, "host" | "publicUrl">, named: boolean) =>
  named || isLoopback(host) || !isLoopback(new URL(publicUrl).hostname)
    ? undefined
    : `${settings.host.name} is ${host} and ${settings.publicUrl.name} is unset: clients on other machines are sent to ${publicUrl} to sign in, which is themselves; set ${settings.publicUrl.name} to the address they use`

type Judged = Pick<GatewayConfigApi, "host" | "tlsCert" | "trustedProxies">

/** Undefined: on loopback, with TLS, or behind a proxy that is named. */
export const exposure = ({ host, tlsCert, trustedProxies }: Judged): string | undefined => {
  if (isLoopback(host) || tlsCert !== undefined || trustedProxies !== undefined) return undefined
  const tls = `set ${settings.tlsCert.name} and ${settings.tlsKey.name}`
  const proxy = `put a proxy with TLS in front and name it in ${settings.trustedProxies.name}`
  return `${settings.host.name} is ${host}, without TLS: passwords and tokens can be read on their way; ${tls}, or ${proxy}`
}
