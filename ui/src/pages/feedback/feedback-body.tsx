import { Link } from "@tanstack/react-router";
import { Paperclip } from "lucide-react";
import type { Feedback, RelatedResult } from "@/api/types";
import { Trans, t, word } from "@/i18n";
import { bytes } from "@/i18n/format";
import { Avatar } from "@/ui/avatar";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { ScrollRegion } from "@/ui/scroll-region";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";
import { Corrections } from "./corrections";
import { MaskedText } from "./masked-text";
import { authorOf, headOf } from "./names";
import { RelatedList } from "./related-list";
import { maskIn } from "./spans";
import { SuggestionBar } from "./suggestion-bar";
import { TriageReasons } from "./triage-reasons";
import type { Verbs } from "./verbs";

interface Props {
  feedback: Feedback;
  related: RelatedResult | undefined;
  launchId: string;
  onJoin: (issueId?: string) => void;
  verbs: Verbs;
}

/** The middle column: what was said, what triage made of it and why, and what is like it. */
export function FeedbackBody({ feedback: f, related, launchId, onJoin, verbs }: Props) {
  // A short report without a title is its own heading; longer ones are headed by their title or summary.
  const short = !f.title && (f.text || f.snippet).length <= 160;
  return (
    <ScrollRegion
      label={t("feedback.report")}
      className="flex min-w-0 flex-col gap-[15px] px-6 pt-4 pb-6 max-md:px-4 lg:overflow-y-auto"
    >
      <div>
        {short ? (
          <>
            <h2 className="sr-only">{t("feedback.report")}</h2>
            <MaskedText feedback={f} head />
          </>
        ) : (
          <h2
            dir="auto"
            className="line-clamp-3 text-item font-semibold tracking-[-0.015em] text-balance [overflow-wrap:anywhere]"
          >
            {maskIn(headOf(f), f.text ?? "", f.triage?.personal ?? [])}
          </h2>
        )}
        <p className="mt-1.5 flex flex-wrap items-center gap-x-2.5 text-dense text-fg-2">
          <span>{authorOf(f)}</span>
          <span className="sep">{word("channel", f.channel)}</span>
          <span className="sep">
            <Time at={f.received_at} relative />
          </span>
          {f.alike > 0 ? <span className="sep">{t("feedback.alike", { count: f.alike })}</span> : null}
        </p>
      </div>
      <SuggestionBar feedback={f} related={related} onAccept={onJoin} launchId={launchId} />
      <div>
        {short ? null : <MaskedText feedback={f} />}
        <p className={cx("flex flex-wrap items-center gap-[7px] text-[12px] text-fg-2", !short && "mt-2")}>
          <Avatar name={authorOf(f)} />
          <span className="font-550 text-fg">{authorOf(f)}</span>
          {f.author.email && f.author.name ? <span>{f.author.email}</span> : null}
        </p>
        <Context feedback={f} />
      </div>
      {f.attachments?.length ? <Attachments list={f.attachments} /> : null}
      <TriageReasons feedback={f} verbs={verbs} />
      <RelatedList related={related} launchId={launchId} feedback={f} onJoin={onJoin} />
      <Corrections feedbackId={f.id} />
      <p className="text-dense text-fg-3">
        <Trans
          k="feedback.raw"
          values={{
            link: (
              <Link
                to="/launches/$launchId/deliveries"
                params={{ launchId }}
                search={{ delivery: f.id }}
                className="link"
              >
                {t("feedback.rawLink")}
              </Link>
            ),
          }}
        />
      </p>
    </ScrollRegion>
  );
}

/** Where it happened, as far as it was said. */
function Context({ feedback: f }: { feedback: Feedback }) {
  const tags: string[] = [];
  if (f.rating !== undefined) tags.push(t("map.sampleRating", { rating: f.rating }));
  if (f.app_version) tags.push(f.app_version);
  for (const [k, v] of Object.entries(f.attrs ?? {})) {
    if (v !== null && typeof v !== "object") tags.push(`${k}: ${String(v)}`);
  }
  if (tags.length === 0) return null;
  return (
    <p className="mt-2 flex min-w-0 flex-wrap gap-1.5">
      {tags.map((tag) => (
        <Tag key={tag} title={tag} className="max-w-72">
          <span className="truncate">{tag}</span>
        </Tag>
      ))}
    </p>
  );
}

function Attachments({ list }: { list: NonNullable<Feedback["attachments"]> }) {
  return (
    <ul aria-label={t("feedback.attachments")} className="flex flex-wrap gap-2">
      {list.map((a) => (
        <li key={a.id}>
          <a
            href={a.url}
            target="_blank"
            rel="noreferrer"
            className="state grid max-w-56 overflow-hidden rounded-2 border border-line-strong bg-surface hover:bg-hover"
          >
            {/^image\/(png|jpeg|webp|gif)$/.test(a.content_type) ? (
              <img src={a.url} alt="" loading="lazy" className="max-h-32 w-full object-cover" />
            ) : null}
            <span className="flex items-center gap-1.5 px-2 py-1 text-meta">
              <Icon of={Paperclip} size={12} />
              <span className="min-w-0 truncate">{a.name}</span>
              <span className="num text-fg-3">{bytes(a.size)}</span>
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}
