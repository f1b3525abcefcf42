import { useState } from "react";
import type { Feedback } from "@/api/types";
import { t, word } from "@/i18n";
import { cx } from "@/ui/cx";
import { failedPart } from "@/ui/failed-part";
import { part } from "@/ui/part";
import { splitSpans } from "./spans";

/** Chips where something was covered before it was stored, and the way to what is sealed: few reports have any. */
const coveredPart = part(() => import("./covered"));

/**
 * What was said, as it was said: always text, never markup. Personal data is covered until it is pointed
 * at, focused or pressed.
 */
export function MaskedText({ feedback: f, head = false }: { feedback: Feedback; head?: boolean }) {
  const text = f.text || f.snippet;
  const parts = splitSpans(text, f.triage?.personal ?? []);
  const covered = coveredPart.use(text.includes("[") || !!f.sealed, failedPart);
  return (
    <>
      <blockquote
        dir="auto"
        lang={f.language && f.language !== "unknown" ? f.language : undefined}
        className={cx(
          "max-w-[76ch] text-pretty whitespace-pre-wrap [overflow-wrap:anywhere]",
          head
            ? "text-item font-semibold tracking-[-0.015em]"
            : "text-quote before:content-[open-quote] after:content-[close-quote]",
        )}
      >
        {parts.map((p) =>
          p.kind ? (
            <Masked key={p.start} text={p.text} kind={p.kind} />
          ) : (
            <span key={p.start}>{covered ? <covered.Covered feedback={f} {...p} /> : p.text}</span>
          ),
        )}
      </blockquote>
      {covered && <covered.Sealed feedback={f} />}
    </>
  );
}

function Masked({ text, kind }: { text: string; kind: string }) {
  const [shown, setShown] = useState(false);
  return (
    <button
      type="button"
      aria-pressed={shown}
      onClick={() => setShown(!shown)}
      title={t("feedback.personal", { kind: word("personal", kind) })}
      className="masked rounded-1 bg-muted px-0.5 [line-height:inherit]"
    >
      {text}
    </button>
  );
}
