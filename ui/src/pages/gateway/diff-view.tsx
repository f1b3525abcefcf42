import { useMemo } from "react";
import type { GatewayChange } from "@/api/types";
import { t } from "@/i18n";
import { cx } from "@/ui/cx";
import { ScrollRegion } from "@/ui/scroll-region";
import { Tag, type Tone } from "@/ui/tag";
import { documentDiff } from "./document-diff";

const signs = { same: " ", removed: "−", added: "+", gap: "" } as const;
const grounds = { same: "", removed: "bg-critical-soft", added: "bg-ok-soft", gap: "bg-canvas" } as const;
const kinds: Record<GatewayChange["kind"], Tone> = { added: "ok", removed: "critical", changed: "watch" };

/** Two documents line by line: numbers of both, a sign and a ground for what came and went. */
export function DiffView({ from, to, label }: { from: string; to: string; label: string }) {
  const lines = useMemo(() => documentDiff(from, to), [from, to]);
  if (lines.length === 0) return <p className="px-3 py-6 text-center text-fg-2">{t("diff.same")}</p>;
  return (
    <ScrollRegion label={label} className="overflow-x-auto">
      <table className="w-full border-collapse font-mono text-[11.5px] leading-[18px]">
        <caption className="sr-only">{label}</caption>
        <tbody>
          {lines.map((l, i) =>
            l.kind === "gap" ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one diff never move
              <tr key={i} className={grounds.gap}>
                <td colSpan={3} className="px-3 py-0.5 font-ui text-meta text-fg-3">
                  {t("diff.gap", { count: l.count ?? 0 })}
                </td>
              </tr>
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one diff never move
              <tr key={i} className={cx("align-top", grounds[l.kind])}>
                <td className="num w-[1%] px-2 text-right text-fg-3 select-none">{l.now ?? l.old}</td>
                <td
                  className={cx(
                    "w-[1%] pr-1.5 text-center select-none",
                    l.kind === "added" && "text-ok",
                    l.kind === "removed" && "text-critical",
                  )}
                >
                  {l.kind === "same" ? null : (
                    <>
                      <span aria-hidden="true">{signs[l.kind]}</span>
                      <span className="sr-only">{t(`diff.${l.kind}`)}</span>
                    </>
                  )}
                </td>
                <td data-user="" className="pr-3 whitespace-pre">
                  {l.text}
                </td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

/** What a document changes, in the words of the document: one line for each API, route and upstream. */
export function Changes({ changes }: { changes: GatewayChange[] }) {
  return (
    <ul className="grid gap-1">
      {changes.map((c) => (
        <li key={`${c.kind} ${c.what}`} className="flex min-w-0 flex-wrap items-baseline gap-x-2 text-dense">
          <Tag tone={kinds[c.kind]}>{t(`change.${c.kind}`)}</Tag>
          <span data-user="" className="id min-w-0 [overflow-wrap:anywhere]">
            {c.what}
          </span>
          {c.note ? (
            <span data-user="" className="text-meta text-fg-3">
              {c.note}
            </span>
          ) : null}
        </li>
      ))}
    </ul>
  );
}
