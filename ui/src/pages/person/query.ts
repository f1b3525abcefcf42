import type { PersonIdentity } from "@/api/types";

const quoted = (v: string): string => (/[\s",]/.test(v) ? JSON.stringify(v) : v);
const most = 20;

/** The search for a person's calls: of their users where one is known, else of their sessions. */
export function ownCalls(identities: PersonIdentity[]): string | undefined {
  const of = (...kinds: string[]) =>
    identities
      .filter((k) => kinds.includes(k.kind))
      .slice(0, most)
      .map((k) => quoted(k.value))
      .join(",");
  const users = of("user_id", "email", "external_id");
  if (users) return `user:${users}`;
  const sessions = of("session_id");
  return sessions ? `session:${sessions}` : undefined;
}
