// What must never leave the page: covered before it is even noted.

/** Whether digits pass the check of card numbers (ISO/IEC 7812-1, annex B). */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let d = +(digits[digits.length - 1 - i] as string);
    if (i % 2) d *= 2;
    if (d > 9) d -= 9;
    sum += d;
  }
  return sum % 10 === 0;
}

const covers: [RegExp, string | ((m: string) => string)][] = [
  [/\b\d(?:[ -]?\d){12,18}\b/g, (m) => (luhn(m.replace(/\D/g, "")) ? "[card]" : m)],
  [/[\w.+%-]+@[\w-]+(\.[\w-]+)+/g, "[e-mail]"],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, "$1 [token]"],
  [/\beyJ[\w-]+\.[\w.-]+/g, "[token]"],
  [
    /(pass(?:word|wd)?|pwd|secret|token|api[-_]?key)(["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;&}]+)/gi,
    "$1$2[hidden]",
  ],
  [/([?&][\w.%[\]-]+)=[^&\s"'#)]*/g, "$1"],
  [/\b(?=\w*\d)(?=\w*[a-z])\w{32,}\b/gi, "[token]"],
];

/** A text without card numbers, e-mail addresses, tokens, and values of queries. */
export const scrub = (text: string): string =>
  covers.reduce((t, [what, by]) => t.replace(what, by as string), text);

/** Anything as one line of a bounded length. */
export function line(value: unknown, most = 300): string {
  let text: string;
  try {
    text =
      typeof value === "string"
        ? value
        : value instanceof Error
          ? `${value.name}: ${value.message}`
          : (JSON.stringify(value) ?? String(value));
  } catch {
    text = String(value);
  }
  // Cut once before, so that a huge text costs nothing, and once after.
  return scrub(text.slice(0, most * 4)).slice(0, most);
}

/** An address: of our own page without its origin, names of the query only, no fragment. */
export function address(url: string | URL): string {
  try {
    const u = new URL(url, location.href);
    if (!/^http/.test(u.protocol)) return u.protocol;
    const names = [...new Set(u.searchParams.keys())].join("&");
    return (
      (u.origin === location.origin ? "" : u.origin) +
      scrub(u.pathname) +
      (names && `?${names}`)
    ).slice(0, 500);
  } catch {
    return "";
  }
}
