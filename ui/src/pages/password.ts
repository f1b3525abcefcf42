/** The shortest password the server takes. */
export const minPassword = 10;

/**
 * A hint, not a gate: length counts most, as NIST SP 800-63B advises; few different characters count
 * against it.
 */
export function strength(password: string): "empty" | "short" | "weak" | "fair" | "good" {
  if (!password) return "empty";
  if (password.length < minPassword) return "short";
  const different = new Set(password.toLowerCase()).size;
  if (different < 6) return "weak";
  if (password.length >= 16 && different >= 8) return "good";
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w\s]/, /\s/].filter((k) => k.test(password)).length;
  return kinds >= 3 && password.length >= 12 ? "good" : "fair";
}
