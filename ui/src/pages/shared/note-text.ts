/** The text of a note: who is called on in it, and what can be pressed. */

export interface Named {
  id: string;
  name: string;
}

export type Asked =
  | { kind: "mention"; from: number; query: string }
  | { kind: "command"; query: string }
  | undefined;

const longestQuery = 40;

/**
 * What is being asked for at the caret: the people after an "@" that starts a word, or a command while the
 * text is one line that begins with "/".
 */
export function askedAt(text: string, caret: number): Asked {
  if (text.startsWith("/") && !text.includes("\n")) return { kind: "command", query: text.slice(1) };
  const before = text.slice(0, caret);
  const from = before.lastIndexOf("@");
  if (from < 0 || (from > 0 && !/[\s([{>"'“‘,;:/]/.test(before[from - 1] ?? ""))) return undefined;
  const query = before.slice(from + 1);
  if (query.length > longestQuery || /\n|^\s|\s\S*\s/.test(query)) return undefined;
  return { kind: "mention", from, query };
}

/** Puts a name in place of what was asked for; answers the text and where the caret goes. */
export function putMention(
  text: string,
  from: number,
  caret: number,
  name: string,
): { text: string; caret: number } {
  const after = text.slice(caret);
  const put = `@${name}${/^[\s.,;:!?)]/.test(after) ? "" : " "}`;
  return { text: text.slice(0, from) + put + after, caret: from + put.length };
}

/** People whose name, or a word of it, starts with what was typed; those at the start of the name first. */
export function peopleFor<P extends Named>(people: P[], query: string): P[] {
  const q = fold(query);
  const rank = (p: P) => {
    const name = fold(p.name);
    if (name.startsWith(q)) return 2;
    return name.split(/[\s-]+/).some((w) => w.startsWith(q)) ? 1 : 0;
  };
  return people
    .map((p, i) => ({ p, i, r: rank(p) }))
    .filter((x) => x.r > 0)
    .sort((a, b) => b.r - a.r || a.i - b.i)
    .slice(0, 8)
    .map((x) => x.p);
}

const fold = (s: string) => s.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();

/** Every "@Name" of a text, the longest name that fits at each place. */
function findMentions<P extends Named>(text: string, people: P[]): { at: number; person: P }[] {
  const byLength = [...people].sort((a, b) => b.name.length - a.name.length);
  const out: { at: number; person: P }[] = [];
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (/[\p{L}\p{N}]$/u.test(text.slice(Math.max(0, at - 2), at))) continue; // an e-mail address
    const person = byLength.find(
      (p) =>
        p.name &&
        text.startsWith(p.name, at + 1) &&
        !/^[\p{L}\p{N}]/u.test(text.slice(at + 1 + p.name.length)),
    );
    if (person) out.push({ at, person });
  }
  return out;
}

/**
 * Ids of the people whom a text calls on. Of two with the same name those count who were picked from the
 * list, and otherwise the first.
 */
export function mentionsIn(text: string, people: Named[], picked: readonly string[]): string[] {
  const chosen = (p: Named) => Number(picked.includes(p.id));
  const order = [...people].sort((a, b) => chosen(b) - chosen(a));
  const ids = new Set<string>();
  for (const { person } of findMentions(text, order)) {
    const same = order.filter((p) => p.name === person.name);
    const wanted = same.filter((p) => picked.includes(p.id));
    for (const p of wanted.length ? wanted : same.slice(0, 1)) ids.add(p.id);
  }
  return [...ids];
}

export interface NotePart {
  kind: "text" | "mention" | "url" | "key" | "code";
  text: string;
  start: number;
  /** Of a mention: whose. */
  id?: string;
}

const marked = /`[^`\n]+`|https?:\/\/[^\s<>"]+[^\s<>"'.,;:!?)\]]|\bHC-\d+\b/g;

/** Cuts a note into plain text, the people it calls on, addresses, keys of issues, and `code`. */
export function splitNote(text: string, mentions: Named[]): NotePart[] {
  const found: NotePart[] = findMentions(text, mentions).map(({ at, person }) => ({
    kind: "mention",
    text: `@${person.name}`,
    start: at,
    id: person.id,
  }));
  for (const m of text.matchAll(marked)) {
    const kind = m[0].startsWith("`") ? "code" : m[0].startsWith("HC-") ? "key" : "url";
    found.push({ kind, text: m[0], start: m.index });
  }
  found.sort((a, b) => a.start - b.start);
  const out: NotePart[] = [];
  let done = 0;
  for (const f of found) {
    if (f.start < done) continue;
    if (f.start > done) out.push({ kind: "text", text: text.slice(done, f.start), start: done });
    out.push(f);
    done = f.start + f.text.length;
  }
  if (done < text.length) out.push({ kind: "text", text: text.slice(done), start: done });
  return out;
}
