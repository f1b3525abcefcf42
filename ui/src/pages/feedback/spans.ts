export interface Part {
  start: number;
  text: string;
  /** What kind of personal data it is; absent for plain text. */
  kind?: string;
}

/**
 * Cuts a text at the spans of personal data. Offsets count bytes of UTF-8, as the engine does; spans that
 * overlap, run over the end or fall inside a character are cut to what is whole.
 */
export function splitSpans(text: string, spans: { start: number; end: number; kind: string }[]): Part[] {
  const at = unitOffsets(
    text,
    spans.flatMap((s) => [s.start, s.end]),
  );
  const parts: Part[] = [];
  let done = 0;
  for (const s of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const start = Math.max(done, at.get(s.start) ?? 0);
    const end = at.get(s.end) ?? text.length;
    if (end <= start) continue;
    if (start > done) parts.push({ start: done, text: text.slice(done, start) });
    parts.push({ start, text: text.slice(start, end), kind: s.kind });
    done = end;
  }
  if (done < text.length) parts.push({ start: done, text: text.slice(done) });
  return parts;
}

/** A heading made from a text, with the personal data of the text blotted out. */
export function maskIn(
  head: string,
  text: string,
  spans: { start: number; end: number; kind: string }[],
): string {
  return splitSpans(text, spans)
    .filter((p) => p.kind)
    .reduce((h, p) => h.replaceAll(p.text, "•••"), head);
}

/** Byte offsets of UTF-8 to offsets in the string, in one walk. */
export function unitOffsets(text: string, bytes: number[]): Map<number, number> {
  const out = new Map<number, number>();
  const want = [...new Set(bytes)].sort((a, b) => a - b);
  let byte = 0;
  let unit = 0;
  let i = 0;
  for (const char of text) {
    while (i < want.length && (want[i] as number) <= byte) out.set(want[i++] as number, unit);
    const code = char.codePointAt(0) ?? 0;
    byte += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    unit += char.length;
  }
  while (i < want.length) out.set(want[i++] as number, unit);
  return out;
}
