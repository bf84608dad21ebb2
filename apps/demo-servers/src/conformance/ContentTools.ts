/** Tools that answer at once: one kind of content each, and one that fails. */
import type { ContentBlock, McpServer } from "@modelcontextprotocol/server"
import { audio, embedded, image, text } from "./Samples.ts"

interface Answer {
  readonly description: string
  readonly content: ReadonlyArray<ContentBlock>
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  test_simple_text: { description: "Answers text", content: [text("plain words")] },
  test_image_content: { description: "Answers an image", content: [image] },
  test_audio_content: { description: "Answers audio", content: [audio] },
  test_embedded_resource: { description: "Answers a resource", content: [embedded("test://embedded")] },
  test_multiple_content_types: {
    description: "Answers text, an image and a resource",
    content: [text("three kinds:"), image, embedded("test://mixed")]
  },
  test_streaming_elicitation: {
    description: "Answers on a stream that must carry no request of the server's own",
    content: [text("nothing was asked")]
  },
  /** A policy may hide it without the suite noticing, so that its lists are cut. */
  not_for_the_suite: { description: "The suite never asks for this one", content: [text("who asked?")] }
}

/** Adds the tools; `test_error_handling` answers a result with `isError`. */
export const addContentTools = (server: McpServer): void => {
  for (const [name, { description, content }] of Object.entries(ANSWERS)) {
    server.registerTool(name, { description }, () => ({ content: [...content] }))
  }
  server.registerTool("test_error_handling", { description: "Always fails" }, () => {
    throw new Error("this tool always fails")
  })
}
