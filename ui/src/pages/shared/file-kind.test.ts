import { expect, test } from "vitest";
import { fileKind } from "./file-kind";

test.each([
  ["image/png", "shot.png", "image"],
  ["image/webp", "shot", "image"],
  // A drawing can carry script: it is only ever downloaded.
  ["image/svg+xml", "logo.svg", "other"],
  ["text/plain", "notes", "text"],
  ["text/html", "page.html", "text"],
  ["application/json", "state", "text"],
  ["application/problem+json", "answer", "text"],
  ["application/octet-stream", "console.log", "text"],
  ["application/octet-stream", "trace.har", "text"],
  ["application/pdf", "invoice.pdf", "other"],
  ["application/zip", "logs.zip", "other"],
])("%s %s is shown as %s", (content_type, name, want) => {
  expect(fileKind({ content_type, name })).toBe(want);
});
