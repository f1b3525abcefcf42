import { type DiffPart, differ } from "../shared/diff";

/** A line of a diff as it is drawn; `gap` stands for lines that stayed the same and are not shown. */
export interface DiffLine {
  kind: "same" | "removed" | "added" | "gap";
  text: string;
  /** Number in the older text, in the newer one; undefined where the line is not. */
  old?: number;
  now?: number;
  /** How many lines a gap stands for. */
  count?: number;
}

/** Lines that are shown around a change, so that one sees where it is. */
const around = 3;

/** What changed between two documents, line by line, with three lines of what stands around each change. */
export function documentDiff(from: string, to: string): DiffLine[] {
  let old = 0;
  let now = 0;
  const all = join(differ(linesOf(from), linesOf(to))).flatMap((part): DiffLine[] =>
    part.text
      .replace(/\n$/, "")
      .split("\n")
      .map((text) => {
        if (part.kind === "removed") return { kind: part.kind, text, old: ++old };
        if (part.kind === "added") return { kind: part.kind, text, now: ++now };
        return { kind: part.kind, text, old: ++old, now: ++now };
      }),
  );
  const near = new Set<number>();
  all.forEach((line, i) => {
    if (line.kind === "same") return;
    for (let k = i - around; k <= i + around; k++) near.add(k);
  });
  const out: DiffLine[] = [];
  all.forEach((line, i) => {
    if (near.has(i)) {
      out.push(line);
      return;
    }
    const last = out[out.length - 1];
    if (last?.kind === "gap") last.count = (last.count ?? 0) + 1;
    else out.push({ kind: "gap", text: "", old: line.old, now: line.now, count: 1 });
  });
  return out.some((l) => l.kind !== "gap") ? out : [];
}

/** The lines of a text, each with its end: so that adding one behind the last changes only that. */
function linesOf(text: string): string[] {
  const ended = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return ended.split(/(?<=\n)/).filter(Boolean);
}

/** Neighbours of a kind as one part. */
function join(parts: DiffPart[]): DiffPart[] {
  const out: DiffPart[] = [];
  for (const p of parts) {
    const last = out[out.length - 1];
    if (p.text === "") continue;
    if (last?.kind === p.kind) last.text += p.text;
    else out.push({ ...p });
  }
  return out;
}
