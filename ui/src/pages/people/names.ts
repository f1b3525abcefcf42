import type { Person } from "@/api/types";
import { t } from "@/i18n";

/** What a person is called: the name, else the address, else that there is none. */
export const nameOf = (p: Pick<Person, "name" | "email">): string => p.name || p.email || t("people.unnamed");

/** "tier = gold", one a line, as people write attributes. */
export const attrsText = (attrs: Record<string, string>): string =>
  Object.entries(attrs)
    .map(([k, v]) => `${k} = ${v}`)
    .join("\n");

/** Reads attributes back; one that was there and is not written any more is emptied, which removes it. */
export function readAttrs(text: string, was: Record<string, string>): Record<string, string> {
  const out: Record<string, string> = Object.fromEntries(Object.keys(was).map((k) => [k, ""]));
  for (const line of text.split("\n")) {
    const at = line.search(/[=:]/);
    const name = (at < 0 ? line : line.slice(0, at)).trim();
    if (name && at > 0) out[name] = line.slice(at + 1).trim();
  }
  return out;
}
