import type { PersonIdentity } from "@/api/types";
import { t, word } from "@/i18n";

/** One identity as people read it; what is only kept as a hash says so. */
export function IdentityName({ identity: k }: { identity: PersonIdentity }) {
  return (
    <span className="inline-flex min-w-0 items-baseline gap-2">
      <span className="w-24 flex-none text-fg-3">{word("identity", k.kind)}</span>
      {k.value.startsWith("hmac:") ? (
        <span className="text-fg-2">{t("identity.hashed")}</span>
      ) : (
        <span data-user="" className="min-w-0 break-all">
          {k.value}
        </span>
      )}
    </span>
  );
}
