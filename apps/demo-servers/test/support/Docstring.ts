/** How a registry splits descriptions (contracts §2.9), written anew: this app depends on no other workspace package. */

export const parseDescription = (text: string): { main: string; args: string; returns: string } => {
  const [main = "", rest = ""] = text.split(/^Args:/m)
  const [args = "", tail = ""] = rest.split(/^Returns:/m)
  return { main: main.trim(), args: args.trim(), returns: (tail.split(/^Raises:/m)[0] ?? "").trim() }
}
