/** The words of triage, as the engine and the API have them. */
export const severities = ["sev1", "sev2", "sev3", "sev4"] as const;

export const categories = [
  "bug",
  "performance",
  "usability",
  "feature_request",
  "integration",
  "data",
  "security",
  "documentation",
  "question",
  "praise",
  "other",
] as const;

export const sentiments = ["negative", "neutral", "positive"] as const;

/** Languages that can be chosen by hand: those of the product. */
export const languages = [
  "ar",
  "bg",
  "cs",
  "da",
  "de",
  "el",
  "en",
  "es",
  "et",
  "fi",
  "fr",
  "he",
  "hi",
  "hu",
  "id",
  "it",
  "ja",
  "ko",
  "nl",
  "no",
  "pl",
  "pt",
  "ro",
  "ru",
  "sv",
  "th",
  "tr",
  "uk",
  "vi",
  "zh",
  "unknown",
] as const;
