/** The events of one session's streams, in memory, so that a stream can be resumed where it broke off. */
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server"

interface Logged {
  readonly stream: string
  readonly message: JSONRPCMessage
}

/** Ids count up within the session; what is replayed after one is what followed on the same stream. */
export const eventLog = (): EventStore => {
  const events: Array<Logged> = []
  return {
    storeEvent: async (stream, message) => String(events.push({ stream, message }) - 1),
    getStreamIdForEventId: async (id) => events[Number(id)]?.stream,
    replayEventsAfter: async (id, { send }) => {
      const last = events[Number(id)]
      if (last === undefined) throw new Error(`there is no event ${id}`)
      for (const [at, { stream, message }] of events.entries()) {
        // A priming event holds an empty message; it marks a place and is not said again.
        if (at > Number(id) && stream === last.stream && "jsonrpc" in message) await send(String(at), message)
      }
      return last.stream
    }
  }
}
