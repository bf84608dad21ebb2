/** What a server sent is no HTTP/1.1, or could be read in two ways. */
export class Malformed extends Error {
  readonly _tag = "Malformed"
}
