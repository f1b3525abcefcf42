import type { Feedback } from "@/api/types";
import { t, word } from "@/i18n";

/** Who said it: name, else address, else nobody in particular. */
export const authorOf = (f: Pick<Feedback, "author">): string =>
  f.author.name || f.author.email || t("feedback.anonymous");

/** The first line that names a feedback: its title, else its summary, else how it starts. */
export const headOf = (f: Pick<Feedback, "title" | "summary" | "snippet" | "text">): string =>
  f.title || f.summary || f.snippet || (f.text ?? "").slice(0, 280) || t("feedback.empty");

/** The word of a facet's value. */
export function facetWord(facet: string, value: string, languageName: (code: string) => string): string {
  if (facet === "language") return languageName(value);
  if (["severity", "sentiment", "category", "channel", "emotion", "flag"].includes(facet))
    return word(facet, value);
  return value;
}

/** What is no defect has no severity worth a glance: its kind stands there instead. */
export const kinds: Record<string, (() => string) | undefined> = {
  feature_request: () => t("feedback.idea"),
  question: () => word("category", "question"),
  praise: () => word("category", "praise"),
};
