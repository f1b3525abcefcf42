import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { Feedback, RelatedResult } from "@/api/types";
import { locale, Trans, t, word } from "@/i18n";
import { languageName } from "@/i18n/format";
import { Avatar } from "@/ui/avatar";
import { cx } from "@/ui/cx";
import { failedPart } from "@/ui/failed-part";
import { part } from "@/ui/part";
import { ScrollRegion } from "@/ui/scroll-region";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";
import { BehindReport } from "../evidence/parts";
import { FileStrip, Picture, useViewer } from "../shared/attachments";
import { Composer } from "../shared/composer";
import { fileKind } from "../shared/file-kind";
import { MaskedText } from "./masked-text";
import { authorOf, headOf } from "./names";
import { TriageReasons } from "./triage-reasons";
import type { Verbs } from "./verbs";

// What is like a report comes after the report itself.
const relatedPart = part(() => import("./related-list"));
const timelinePart = part(() => import("../shared/timeline"));

interface Props {
  feedback: Feedback;
  related: RelatedResult | undefined;
  launchId: string;
  /** What triage suggests, under the heading. */
  suggestions: ReactNode;
  onJoin: (issueId?: string) => void;
  verbs: Verbs;
}

/** The middle column: what was said, what triage made of it, what happened since, and what to say about it. */
export function FeedbackBody({ feedback: f, related, launchId, suggestions, onJoin, verbs }: Props) {
  // A short report without a title is its own heading; longer ones are headed by their title or summary.
  const alike = relatedPart.use(Boolean(related?.items.length || related?.issues.length), failedPart);
  const past = timelinePart.use(true, failedPart);
  const short = !f.title && (f.text || f.snippet).length <= 160;
  return (
    <div className="flex min-w-0 flex-col lg:min-h-0">
      <ScrollRegion
        label={t("feedback.report")}
        className="flex min-w-0 flex-1 flex-col gap-[15px] px-6 pt-4 pb-4 *:flex-none max-md:px-4 lg:overflow-y-auto"
      >
        {/* Where the list with its heading is not beside it, the page has one of its own. */}
        <h1 className="sr-only md:hidden">{t("feedback.one", { number: f.number })}</h1>
        <Head feedback={f} short={short} />
        {suggestions}
        <Said feedback={f} short={short} launchId={launchId} />
        <BehindReport feedback={f} />
        <div className="overflow-hidden rounded-3 border border-line empty:hidden">
          <TriageReasons feedback={f} verbs={verbs} />
          {alike ? (
            <alike.RelatedList related={related} launchId={launchId} feedback={f} onJoin={onJoin} />
          ) : null}
        </div>
        {past ? <past.Timeline of={{ kind: "feedback", id: f.id }} launchId={launchId} level={3} /> : null}
      </ScrollRegion>
      <Composer of={{ kind: "feedback", id: f.id }} launchId={launchId} />
    </div>
  );
}

function Head({ feedback: f, short }: { feedback: Feedback; short: boolean }) {
  return (
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
          <Title feedback={f} />
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
  );
}

/** The heading comes with personal data covered; where its title has some, a press shows it. */
function Title({ feedback: f }: { feedback: Feedback }) {
  const [shown, setShown] = useState(false);
  if (!f.full_title) return headOf(f);
  return (
    <button
      type="button"
      aria-pressed={shown}
      title={t("feedback.showTitle")}
      onClick={() => setShown(!shown)}
      className="text-left"
    >
      {shown ? f.full_title : f.title}
    </button>
  );
}

/** The words themselves with their picture, who said them, where, and the other files. */
function Said({ feedback: f, short, launchId }: { feedback: Feedback; short: boolean; launchId: string }) {
  const { files, open, viewer } = useViewer(f.attachments);
  const picture = files.find((a) => fileKind(a) === "image");
  return (
    <div className="flex items-start gap-5 max-sm:flex-col max-sm:gap-3">
      <div className="min-w-0 flex-1">
        <WrittenIn feedback={f} />
        {short ? null : <MaskedText feedback={f} />}
        <p className={cx("flex flex-wrap items-center gap-[7px] text-[12px] text-fg-2", !short && "mt-2")}>
          <Avatar name={authorOf(f)} />
          <span className="font-550 text-fg">{authorOf(f)}</span>
          {f.author.email && f.author.name ? <span>{f.author.email}</span> : null}
        </p>
        <Context feedback={f} launchId={launchId} />
        <FileStrip files={files.filter((a) => a !== picture)} onOpen={(a) => open(files.indexOf(a))} />
      </div>
      {picture ? <Picture file={picture} onOpen={() => open(files.indexOf(picture))} /> : null}
      {viewer}
    </div>
  );
}

/** The language of the words, where it is not the reader's. */
function WrittenIn({ feedback: f }: { feedback: Feedback }) {
  if (!f.language || f.language === "unknown" || f.language === locale()) return null;
  return (
    <p className="mb-1 text-meta text-fg-3">
      {t("feedback.writtenIn", { language: languageName(f.language) })}
    </p>
  );
}

/** Where it happened, as far as it was said. */
function Context({ feedback: f, launchId }: { feedback: Feedback; launchId: string }) {
  const tags: string[] = [];
  if (f.rating !== undefined) tags.push(t("map.sampleRating", { rating: f.rating }));
  if (f.app_version) tags.push(f.app_version);
  for (const [k, v] of Object.entries(f.attrs ?? {})) {
    if (v !== null && typeof v !== "object") tags.push(`${k}: ${String(v)}`);
  }
  return (
    <p className="mt-2 flex min-w-0 flex-wrap items-center gap-1.5">
      {tags.map((tag) => (
        <Tag key={tag} title={tag} className="max-w-72">
          <span className="truncate">{tag}</span>
        </Tag>
      ))}
      <span className="text-meta text-fg-3">
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
      </span>
    </p>
  );
}
