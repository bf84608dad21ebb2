/**
 * The WebSocket of the servers' health at the edge of a process (contracts.md §2.11): which requests are its, the handlers `Bun.serve` takes,
 * and how one becomes a socket. Light: an edge imports it without loading the control plane. Decides nobody's rights.
 */

/** What the edge keeps of a socket. */
export interface SocketData {
  readonly opened: (socket: Bun.ServerWebSocket<SocketData>) => void
  readonly closed: () => void
}

/** What of the control plane serves sockets. */
export interface SocketPlane {
  /** Who it is for, and what it may see; or the answer of a refusal that needs no socket. Never rejects. */
  readonly openSocket: (request: Request, info: { readonly remote: string }) => Promise<SocketData | Response>
}

export const WATCH_PATH = "/api/health/ws/health_status"

const PATHS: ReadonlySet<string> = new Set([WATCH_PATH, "/ws/health_status"])

/** Does this request want to become the socket? Every other route refuses upgrades. */
export const wantsSocket = (method: string, pathname: string, upgrade: string | null | undefined): boolean =>
  method === "GET" && PATHS.has(pathname) && upgrade?.toLowerCase() === "websocket"

/** Bytes that may wait for one client. The first message about ten thousand servers has 1.2 MB. */
export const MAX_WAITING_BYTES = 4 * 1024 * 1024

/** For `Bun.serve`. Clients are asked for a sign of life, and let go without one; what they say is not listened to. */
export const socketHandlers: Bun.WebSocketHandler<SocketData> = {
  open: (socket) => socket.data.opened(socket),
  close: (socket) => socket.data.closed(),
  message: () => {},
  maxPayloadLength: 4 * 1024,
  idleTimeout: 60,
  sendPings: true,
  backpressureLimit: 2 * MAX_WAITING_BYTES,
  closeOnBackpressureLimit: true,
  perMessageDeflate: false
}

const notUpgraded = (): Response =>
  new Response("This is no WebSocket handshake", {
    status: 426,
    headers: { upgrade: "websocket", connection: "upgrade" }
  })

/** Undefined: it is a socket now. */
export const serveSocket = async (
  plane: SocketPlane,
  request: Request,
  server: Bun.Server<SocketData>,
  remote: string
): Promise<Response | undefined> => {
  const data = await plane.openSocket(request, { remote })
  if (data instanceof Response) return data
  if (server.upgrade(request, { data })) return undefined
  data.closed()
  return notUpgraded()
}
