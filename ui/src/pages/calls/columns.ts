import type { Call } from "@/api/types";
import { quote } from "./query";

/** The cells of a row that calls can be filtered by, from left to right. */
export const cellNames = ["status", "method", "path", "route", "ms", "app", "user", "trace"] as const;
export type CellName = (typeof cellNames)[number];

/** The token that finds calls with the same as this one; undefined where it has none. */
export function tokenOf(c: Call, cell: CellName): string | undefined {
  const of = (name: string, value: string | undefined) => (value ? `${name}:${quote(value)}` : undefined);
  switch (cell) {
    case "status":
      return of("status", c.status ? String(c.status) : undefined);
    case "method":
      return of("method", c.method);
    case "path":
      return of("path", c.path);
    case "route":
      return of("route", c.route);
    case "ms":
      return `ms>=${Math.floor((c.latency_us ?? 0) / 1000)}`;
    case "app":
      return of("app", c.application);
    case "user":
      return of("user", c.user);
    case "trace":
      return of("trace", c.trace);
  }
}

/** The next cell in a direction that says something of this call. */
export function nextCell(c: Call, from: CellName, by: 1 | -1): CellName {
  const at = cellNames.indexOf(from);
  for (let i = at + by; i >= 0 && i < cellNames.length; i += by) {
    const name = cellNames[i] as CellName;
    if (tokenOf(c, name)) return name;
  }
  return from;
}
