/** An exchange without a connection: what it asks of one is written down. */
import { type Carrier, Exchange } from "../../src/internal/http1/Exchange.ts"

/** Writes down what an exchange asks of its connection. */
export class Recorder implements Carrier {
  readonly asked: Array<string> = []
  readonly finished = (reusable: boolean, hint: string | undefined): void => {
    this.asked.push(`finished ${reusable} ${hint}`)
  }
  readonly drop = (): void => void this.asked.push("drop")
  readonly pause = (): void => void this.asked.push("pause")
  readonly resume = (): void => void this.asked.push("resume")
  count(what: string): number {
    return this.asked.filter((asked) => asked === what).length
  }
}

export const begun = () => {
  const connection = new Recorder()
  const exchange = new Exchange(connection)
  const say = (text: string): void => exchange.received(Buffer.from(text, "latin1"))
  return { connection, exchange, say }
}

export const bodyOf = async (exchange: Exchange): Promise<string> => {
  const parts: Array<Uint8Array> = []
  for (let part = await exchange.read(); part !== undefined; part = await exchange.read()) parts.push(part)
  return Buffer.concat(parts).toString("latin1")
}
