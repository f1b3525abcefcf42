import type { ImportMapping } from "@/api/types";

/** The fields of a feedback that a column can fill, in the order in which people think of them. */
export const mapFields = [
  "text",
  "title",
  "occurred_at",
  "author_name",
  "author_email",
  "user_id",
  "rating",
  "language",
  "app_version",
  "url",
  "channel",
  "external_id",
] as const;
export type MapField = (typeof mapFields)[number];

/** Columns that fill no field and are not kept either. */
export function freeColumns(columns: string[], mapping: ImportMapping): string[] {
  const used = new Set<string | undefined>(mapFields.map((f) => mapping[f]));
  return columns.filter((c) => !used.has(c));
}

/** Fills a field from a column, or from none; a column that fills a field is no attribute any more. */
export function mapField(mapping: ImportMapping, field: MapField, column: string): ImportMapping {
  const { [field]: _, ...rest } = mapping;
  if (!column) return rest;
  const attrs = Object.fromEntries(Object.entries(mapping.attrs ?? {}).filter(([, c]) => c !== column));
  return { ...rest, [field]: column, attrs };
}

export function toggleAttr(mapping: ImportMapping, column: string): ImportMapping {
  const attrs = { ...(mapping.attrs ?? {}) };
  const name = Object.keys(attrs).find((k) => attrs[k] === column);
  if (name !== undefined) delete attrs[name];
  else attrs[column] = column;
  return { ...mapping, attrs };
}

export const isAttr = (mapping: ImportMapping, column: string): boolean =>
  Object.values(mapping.attrs ?? {}).includes(column);
