import type { Call, CallPayload } from "@/api/types";

/** A text between single quotes, as a shell takes it. */
const shell = (s: string): string => `'${s.replaceAll("'", `'\\''`)}'`;

/** Fields that curl writes itself, or that say something of that one connection. */
const own = new Set([
  "host",
  "content-length",
  "connection",
  "user-agent",
  "accept-encoding",
  "x-request-id",
  "traceparent",
]);

/**
 * The call as a command. Of the query the log keeps the names only, so their values are to be filled in; what
 * was captured of the request comes along, masked as it is.
 */
export function curlOf(c: Call, gateway: string, payload?: CallPayload): string {
  const at = new URL(gateway);
  const query = (c.query ?? "")
    .split("&")
    .filter(Boolean)
    .map((k) => (k.includes("=") ? k : `${k}=`))
    .join("&");
  const lines = [`curl ${shell(`${at.origin}${c.path ?? "/"}${query ? `?${query}` : ""}`)}`];
  if (c.method && c.method !== "GET") lines.push(`-X ${c.method}`);
  if (c.host && c.host !== at.host) lines.push(`-H ${shell(`Host: ${c.host}`)}`);
  for (const h of payload?.request.headers ?? [])
    if (!own.has(h.name.toLowerCase())) lines.push(`-H ${shell(`${h.name}: ${h.value}`)}`);
  if (payload?.request.body && !payload.request.base64)
    lines.push(`--data-raw ${shell(payload.request.body)}`);
  return lines.join(" \\\n  ");
}
