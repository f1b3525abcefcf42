import { useQuery } from "@tanstack/react-query";
import { Lock } from "lucide-react";
import { type ReactNode, useState } from "react";
import { privacyQuery } from "@/api/privacy";
import type { Feedback } from "@/api/types";
import { useMe } from "@/app/launch";
import { loadArea, t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { RevealDialog } from "./reveal-dialog";
import { unitOffsets } from "./spans";

await loadArea("privacy");

/** What stands where something was covered before it was stored (internal/mask). */
const placeholder = /\[(password|token|card|iban|id|email|phone|name|ip|masked|removed)\]/g;

const chip =
  "mx-px inline-flex items-baseline gap-0.5 rounded-1 bg-muted px-1 text-[0.86em] font-medium text-fg-2 align-baseline [line-height:inherit]";

/** A piece of the text with chips where something was covered; start is where it begins in the whole text. */
export function Covered({ feedback: f, text, start }: { feedback: Feedback; text: string; start: number }) {
  const [open, setOpen] = useState(false);
  const may = useMayReveal();
  const places = f.sealed?.filter((s) => s.field === "text").map((s) => s.at) ?? [];
  const sealed = new Set(unitOffsets(f.text ?? "", places).values());
  const parts: ReactNode[] = [];
  let at = 0;
  for (const m of text.matchAll(placeholder)) {
    parts.push(text.slice(at, m.index));
    const kind = word("personal", m[1] ?? "");
    parts.push(
      may && sealed.has(start + m.index) ? (
        <button
          key={m.index}
          type="button"
          title={t("privacy.sealedChip", { kind })}
          onClick={() => setOpen(true)}
          className={cx(chip, "state hover:bg-hover hover:text-fg")}
        >
          <Icon of={Lock} size={11} className="self-center" />
          {kind}
        </button>
      ) : (
        <span key={m.index} title={t("privacy.coveredChip", { kind })} className={chip}>
          {kind}
        </span>
      ),
    );
    at = m.index + m[0].length;
  }
  parts.push(text.slice(at));
  return (
    <>
      {parts}
      {open ? <RevealDialog feedback={f} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

/** How much of a report is sealed, and the way to it for those who may. */
export function Sealed({ feedback: f }: { feedback: Feedback }) {
  const [open, setOpen] = useState(false);
  const may = useMayReveal();
  if (!f.sealed?.length) return null;
  return (
    <p className="flex flex-wrap items-center gap-2 text-meta text-fg-3">
      <Icon of={Lock} size={12} />
      {t("privacy.sealed", { count: f.sealed.length })}
      {may ? (
        <Button size="sm" onClick={() => setOpen(true)}>
          {t("privacy.reveal")}
        </Button>
      ) : null}
      {open ? <RevealDialog feedback={f} onClose={() => setOpen(false)} /> : null}
    </p>
  );
}

function useMayReveal(): boolean {
  const me = useMe();
  const { data } = useQuery(privacyQuery());
  return data?.reveal_roles.includes(me.role) ?? false;
}
