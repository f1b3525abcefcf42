/** One stretch of a text that was changed. */
export interface DiffPart {
  kind: "same" | "removed" | "added";
  text: string;
}

/** Beyond this many comparisons the middle of two texts counts as replaced as a whole. */
const maxCells = 250_000;

/** Beyond this length words are what stands between blanks: telling them by language takes too long. */
const maxSegmented = 20_000;

const words = (text: string): string[] => {
  if (text.length > maxSegmented) return text.split(/(\s+)/).filter(Boolean);
  const cut = new Intl.Segmenter("en", { granularity: "word" });
  return Array.from(cut.segment(text), (s) => s.segment);
};

/** What was taken out of `from` and put in to make `to`, by words. Without the removed it is `to`. */
export const wordDiff = (from: string, to: string): DiffPart[] => tidy(differ(words(from), words(to)));

/** What was taken out of one list of pieces and put in to make another, as parts that are not yet joined. */
export function differ(a: string[], b: string[]): DiffPart[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end++;
  const middle = longestCommon(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [
    { kind: "same", text: a.slice(0, start).join("") },
    ...middle,
    { kind: "same", text: a.slice(a.length - end).join("") },
  ];
}

/** Longest common subsequence, by a table of lengths read from its end. */
function longestCommon(a: string[], b: string[]): DiffPart[] {
  if (a.length * b.length > maxCells || a.length === 0 || b.length === 0) {
    return [
      { kind: "removed", text: a.join("") },
      { kind: "added", text: b.join("") },
    ];
  }
  const width = b.length + 1;
  const best = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => best[i * width + j] as number;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      best[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const out: DiffPart[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ kind: "same", text: a[i++] as string });
      j++;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      out.push({ kind: "removed", text: a[i++] as string });
    } else out.push({ kind: "added", text: b[j++] as string });
  }
  return out;
}

/**
 * Joins neighbours of a kind. A blank that stays between two changes goes with both, so that "pay now" to
 * "buy later" reads as one change and not as two around a space.
 */
function tidy(parts: DiffPart[]): DiffPart[] {
  const out: DiffPart[] = [];
  let removed = "";
  let added = "";
  const flush = () => {
    if (removed) out.push({ kind: "removed", text: removed });
    if (added) out.push({ kind: "added", text: added });
    removed = "";
    added = "";
  };
  const list = parts.filter((p) => p.text !== "");
  list.forEach((p, i) => {
    const next = list[i + 1];
    if (p.kind === "removed") removed += p.text;
    else if (p.kind === "added") added += p.text;
    else if (/^\s+$/.test(p.text) && removed && added && next && next.kind !== "same") {
      removed += p.text;
      added += p.text;
    } else {
      flush();
      const last = out[out.length - 1];
      if (last?.kind === "same") last.text += p.text;
      else out.push({ ...p });
    }
  });
  flush();
  return out;
}

/** Shortens what stayed the same to what stands next to a change: of a long text only that is of interest. */
export function elide(parts: DiffPart[], keep = 60): DiffPart[] {
  return parts.map((p, i) => {
    if (p.kind !== "same") return p;
    const first = i === 0;
    const last = i === parts.length - 1;
    const room = first || last ? keep : 2 * keep;
    const chars = Array.from(p.text);
    if (chars.length <= room + 10) return p;
    const head = first ? "" : chars.slice(0, keep).join("").trimEnd();
    const tail = last
      ? ""
      : chars
          .slice(chars.length - keep)
          .join("")
          .trimStart();
    return { kind: p.kind, text: `${head}${head ? " " : ""}…${tail ? " " : ""}${tail}` };
  });
}
