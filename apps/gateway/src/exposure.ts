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

type Judged = Pick<GatewayConfigApi, "host" | "tlsCert" | "trustedProxies">

/** Undefined: on loopback, with TLS, or behind a proxy that is named. */
export const exposure = ({ host, tlsCert, trustedProxies }: Judged): string | undefined => {
  if (isLoopback(host) || tlsCert !== undefined || trustedProxies !== undefined) return undefined
  const tls = `set ${settings.tlsCert.name} and ${settings.tlsKey.name}`
  const proxy = `put a proxy with TLS in front and name it in ${settings.trustedProxies.name}`
  return `${settings.host.name} is ${host}, without TLS: passwords and tokens can be read on their way; ${tls}, or ${proxy}`
}
