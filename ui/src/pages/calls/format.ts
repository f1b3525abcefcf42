import { bytes, decimal } from "@/i18n/format";
import type { State } from "@/ui/glyph";

/** A latency with its unit, as short as it says something: 420 µs, 4.2 ms, 420 ms, 4.2 s, 2 min. */
export function latency(us: number): string {
  if (us < 1_000) return `${decimal(us, 0)} µs`;
  if (us < 1_000_000) return `${decimal(us / 1_000, us < 10_000 ? 1 : 0)} ms`;
  if (us < 120_000_000) return `${decimal(us / 1_000_000, us < 10_000_000 ? 1 : 0)} s`;
  return `${decimal(us / 60_000_000, 0)} min`;
}

/** How an answer was: the caller's fault is a watch, the server's is critical. */
export function stateOfStatus(status: number | undefined): State {
  if (!status) return "idle";
  if (status >= 500) return "critical";
  return status >= 400 ? "watch" : "ok";
}

/** A size where there is little room: 42 B, 1.5 kB. */
export const size = (n: number): string => (n < 1000 ? `${decimal(n, 0)} B` : bytes(n));
