import type { Call } from "@/api/types";

/** A try before the last: what was asked, why it was not enough, how long it took in ms. */
export interface Try {
  upstream: string;
  why: string;
  ms: number;
}

/** Reads "orders/10.0.0.4:8080 connect_failed 2.1ms; …". */
export const triesOf = (text = ""): Try[] =>
  text.split("; ").flatMap((part): Try[] => {
    const m = /^(\S+) (\S+) ([\d.]+)ms$/.exec(part.trim());
    return m ? [{ upstream: m[1] as string, why: m[2] as string, ms: Number(m[3]) }] : [];
  });

/** A bar of the waterfall, in ms from the first byte of the request. */
export interface Span {
  kind: "gateway" | "try" | "wait" | "body";
  from: number;
  to: number;
  try?: Try;
}

/**
 * Where the time of a call went: what the gateway did before it asked (reading, policies), tries that failed,
 * waiting for the answer to begin, and its body. A call that the gateway answered itself has the first alone.
 */
export function spansOf(c: Call): Span[] {
  const total = (c.latency_us ?? 0) / 1000;
  const first = c.first_byte_us ? c.first_byte_us / 1000 : undefined;
  const wait = (c.upstream_us ?? 0) / 1000;
  if (first === undefined) {
    const tries = triesOf(c.tries);
    const tried = tries.reduce((n, t) => n + t.ms, 0);
    const before = Math.max(0, total - tried);
    return lasting([{ kind: "gateway", from: 0, to: before }, ...inRow(tries, before)]);
  }
  const sent = Math.max(0, first - wait);
  const tries = triesOf(c.tries);
  const tried = Math.min(
    sent,
    tries.reduce((n, t) => n + t.ms, 0),
  );
  return lasting([
    { kind: "gateway", from: 0, to: sent - tried },
    ...inRow(tries, sent - tried),
    { kind: "wait", from: sent, to: first },
    { kind: "body", from: first, to: Math.max(first, total) },
  ]);
}

const lasting = (spans: Span[]): Span[] => spans.filter((s) => s.to > s.from);

function inRow(tries: Try[], from: number): Span[] {
  let at = from;
  return tries.map((t) => {
    const span: Span = { kind: "try", from: at, to: at + t.ms, try: t };
    at += t.ms;
    return span;
  });
}

/** The longest of them: what to look at first. */
export const longest = (spans: Span[]): Span | undefined =>
  [...spans].sort((a, b) => b.to - b.from - (a.to - a.from))[0];
