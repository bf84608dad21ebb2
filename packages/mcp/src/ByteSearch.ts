/**
 * Finds short texts in bytes without making a string of them: natively, and the same for any kind of byte array. Knows nothing of what it
 * looks for.
 */

/** A text to look for, one byte per character. */
export type Needle = Buffer<ArrayBuffer>

export const needle = (text: string): Needle => Buffer.from(text, "latin1")

// Taken from the prototype: a Buffer made of each array only to be searched costs more than the search.
const { indexOf, lastIndexOf } = Buffer.prototype

/** Where `wanted` stands first, from `from` on; -1 when nowhere. */
export const indexOfBytes = (bytes: Uint8Array, wanted: Needle, from = 0): number => indexOf.call(bytes, wanted, from)

/** Where `wanted` stands last; -1 when nowhere. */
export const lastIndexOfBytes = (bytes: Uint8Array, wanted: Needle): number => lastIndexOf.call(bytes, wanted)

export const holds = (bytes: Uint8Array, wanted: Needle): boolean => indexOf.call(bytes, wanted) !== -1
