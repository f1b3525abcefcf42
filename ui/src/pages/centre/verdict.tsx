import type { ReactNode } from "react";
import type { Finding, Pulse, RowsOf } from "@/api/types";
import { type MessageKey, Trans, t, word } from "@/i18n";
import { duration } from "@/i18n/duration";
import { decimal, percent } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Glyph } from "@/ui/glyph";
import { IssueLink, RowsLink } from "./rows-link";

/** One finding in a sentence. */
export function FindingText({ finding: f }: { finding: Finding }): ReactNode {
  const v = f.values;
  const count = v.count ?? v.open ?? 0;
  return (
    <Trans
      k={`verdict.${f.code}` as MessageKey}
      values={{
        count,
        issue: f.issue ? <IssueLink issueKey={f.issue.key} title={f.issue.title} /> : "",
        time: duration(v.seconds ?? 0),
        target: duration(v.target ?? 0),
        people: t("verdict.people", { count: v.people ?? 0 }),
        high: decimal(Math.ceil(v.high ?? 0), 0),
        share: percent(v.share ?? 0),
        before: percent(v.before ?? 0),
        net: v.net ?? 0,
      }}
    />
  );
}

function linkName(f: Finding, link: RowsOf): string {
  if (link.to === "issue") return t("verdict.openIssue", { key: link.id ?? "" });
  if (link.to === "issues") return t("verdict.issues");
  if (link.search?.item) return t("verdict.oldest");
  return t(link.search?.tab === "triage" || f.code === "sev1_waiting" ? "verdict.triage" : "verdict.rows");
}

/** How the launch is: shape, word, one sentence, where to go. `wall` is for reading at five metres. */
export function VerdictPanel({ verdict, wall = false }: { verdict: Pulse["verdict"]; wall?: boolean }) {
  const also = verdict.also[0];
  return (
    <section
      aria-labelledby="verdict"
      className={cx("flex min-w-0 flex-col gap-1", wall ? "gap-3" : "px-3.5 py-3")}
    >
      <h2
        id="verdict"
        className={cx(
          "flex items-center font-semibold tracking-[-0.01em]",
          wall ? "gap-5 text-[64px] leading-[72px]" : "gap-2 text-verdict",
        )}
      >
        <Glyph state={verdict.state} size={wall ? 52 : 15} />
        {word("health", verdict.state)}
      </h2>
      <div role="status" className={wall ? "text-[34px] leading-[44px]" : "text-dense text-fg-2"}>
        <FindingText finding={verdict} />
      </div>
      {also ? (
        <p className={cx("text-fg-2", wall ? "text-[24px] leading-[32px]" : "text-dense")}>
          <FindingText finding={also} />
        </p>
      ) : null}
      {wall || verdict.links.length === 0 ? null : (
        <p className="mt-auto flex flex-wrap gap-x-3.5 pt-1 text-dense font-medium">
          {verdict.links.map((l) => (
            <RowsLink
              key={linkName(verdict, l)}
              link={l}
              className="inline-flex min-h-6 items-center text-accent-text hover:underline"
            >
              {linkName(verdict, l)}
            </RowsLink>
          ))}
        </p>
      )}
    </section>
  );
}
