/** Small contents of every kind that the conformance server answers with. Bytes only; knows no tool. */
import type { AudioContent, EmbeddedResource, ImageContent, TextContent } from "@modelcontextprotocol/server"

/** Two by two grey pixels, PNG. */
export const PIXELS = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADElEQVR42mNg+A+EAAYAAf+tLDclAAAAAElFTkSuQmCC"

/** One millisecond of silence, WAV. */
const SILENCE = "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA=="

export const text = (value: string): TextContent => ({ type: "text", text: value })

export const image: ImageContent = { type: "image", data: PIXELS, mimeType: "image/png" }

export const audio: AudioContent = { type: "audio", data: SILENCE, mimeType: "audio/wav" }

/** A text resource inside a message. */
export const embedded = (uri: string): EmbeddedResource => ({
  type: "resource",
  resource: { uri, mimeType: "text/plain", text: `what ${uri} holds` }
})
