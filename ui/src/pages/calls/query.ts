/**
 * The query of the page as the URL has it: tokens with blanks between them, as docs/reference/calls.md says.
 * What a token means is the server's business; here they are only told apart, added and taken away.
 */
export interface Token {
  text: string;
  /** Where it stands in the query. */
  from: number;
  to: number;
}

/** Parts a query at blanks outside double quotes. */
export function tokensOf(q: string): Token[] {
  const out: Token[] = [];
  let i = 0;
  while (i < q.length) {
    if (/\s/.test(q[i] as string)) {
      i++;
      continue;
    }
    const from = i;
    let quoted = false;
    while (i < q.length && (quoted || !/\s/.test(q[i] as string))) {
      if (q[i] === '"') quoted = !quoted;
      i++;
    }
    out.push({ text: q.slice(from, i), from, to: i });
  }
  return out;
}

export const joined = (tokens: string[]): string | undefined => tokens.join(" ").trim() || undefined;

/** The name and comparison that a token begins with: "ms>=", "-status:"; undefined for a word. */
export const headOf = (token: string): string | undefined => /^-?[a-z_]+(?::|>=|<=|>|<)/i.exec(token)?.[0];

/** A value as a token has it: between quotation marks where it would be something else without. */
export function quote(value: string): string {
  if (value === "") return '""';
  return /[\s",*:<>=]/.test(value) && !value.includes('"') ? `"${value}"` : value.replaceAll('"', "");
}

/** The query with a token more. One that was there stays once; another of the same head stays beside it. */
export function withToken(q: string | undefined, token: string): string | undefined {
  const all = tokensOf(q ?? "").map((t) => t.text);
  return joined(all.includes(token) ? all : [...all, token]);
}

/** The same where only one of its head can hold, such as a time that is at least so long. */
export function withOnly(q: string | undefined, tokens: string[], heads: string[]): string | undefined {
  const rest = tokensOf(q ?? "")
    .map((t) => t.text)
    .filter((t) => !heads.includes(headOf(t) ?? ""));
  return joined([...rest, ...tokens]);
}

export function without(q: string | undefined, at: number): string | undefined {
  return joined(
    tokensOf(q ?? "")
      .filter((_, i) => i !== at)
      .map((t) => t.text),
  );
}

/** Where the server says that a query is wrong: "query.q[11:21]". */
export function wrongAt(location: string): [number, number] | undefined {
  const m = /q\[(\d+):(\d+)\]/.exec(location);
  return m ? [Number(m[1]), Number(m[2])] : undefined;
}

/** What is being typed: the name, the comparison and the value so far. */
export interface Typing {
  not: boolean;
  name: string;
  op: string;
  value: string;
}

export function typingOf(text: string): Typing {
  const not = text.startsWith("-");
  const m = /^-?([a-z_]*)(:|>=|<=|>|<)?(.*)$/is.exec(text);
  return {
    not,
    name: (m?.[1] ?? "").toLowerCase(),
    op: m?.[2] ?? "",
    value: (m?.[3] ?? "").replace(/^"/, ""),
  };
}

/** Latencies of a brush as tokens. Bounds grow outwards to whole numbers, so that they can be read and typed. */
export function latencyTokens(lowUs: number, highUs: number | undefined): string[] {
  const low = lowUs >= 10_000 ? `${Math.floor(lowUs / 1000)}` : `${lowUs}us`;
  const out = lowUs > 0 ? [`ms>=${low}`] : [];
  if (highUs !== undefined) out.push(`ms<${highUs >= 10_000 ? Math.ceil(highUs / 1000) : `${highUs}us`}`);
  return out;
}

/** The heads that a brush over latencies takes the place of. */
export const latencyHeads = [
  "ms>",
  "ms>=",
  "ms<",
  "ms<=",
  "ms:",
  "latency>",
  "latency>=",
  "latency<",
  "latency<=",
];
