import type { Feedback } from "@/api/types";

export type Attachment = NonNullable<Feedback["attachments"]>[number];

const texts =
  /^(text\/|application\/(json|xml|yaml|x-yaml|x-ndjson|csv|javascript|sql|toml)\b)|\+(json|xml)$/i;
const textNames = /\.(txt|log|csv|tsv|json|jsonl|md|xml|ya?ml|har|ini|toml|sql|html?)$/i;

/** How a file is shown: pictures that the server serves as such, text as text (never as markup), no other. */
export function fileKind(f: Pick<Attachment, "content_type" | "name">): "image" | "text" | "other" {
  if (/^image\/(png|jpeg|webp|gif)$/i.test(f.content_type)) return "image";
  if (/^image\//i.test(f.content_type)) return "other";
  return texts.test(f.content_type) || textNames.test(f.name) ? "text" : "other";
}
