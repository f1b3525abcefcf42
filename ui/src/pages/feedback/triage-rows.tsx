import { Check } from "lucide-react";
import type { ReactNode } from "react";
import type { Feedback, FeedbackPatch } from "@/api/types";
import { t, word } from "@/i18n";
import { languageName, percent } from "@/i18n/format";
import { Confidence } from "@/ui/bar";
import { Glyph, Sentiment, Severity } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import { Tag } from "@/ui/tag";
import { maskIn } from "./spans";
import type { Verbs } from "./verbs";

interface Row {
  id: string;
  name: string;
  answer: ReactNode;
  confidence: number;
  reason: string | undefined;
}

/** Every answer of the engine with how sure it is and the words or examples that decided. */
export default function TriageRows({
  feedback: f,
  triage,
  verbs,
}: {
  feedback: Feedback;
  triage: NonNullable<Feedback["triage"]>;
  verbs: Verbs;
}) {
  const others = (triage.categories ?? [])
    .filter((c) => c.name !== f.category && c.confidence >= 0.05)
    .slice(0, 4);
  return (
    <>
      <div>
        {rowsOf(f).map((r) => (
          <div
            key={r.id}
            className="grid grid-cols-[78px_minmax(0,150px)_minmax(0,1fr)] items-baseline gap-x-2.5 border-line px-3 py-1 not-first:border-t max-sm:grid-cols-[78px_minmax(0,1fr)]"
          >
            <span className="text-dense text-fg-3">{r.name}</span>
            <span
              data-user={r.id === "area" ? "" : undefined}
              className="flex min-w-0 flex-wrap items-center gap-x-2 font-550"
            >
              {r.answer}
            </span>
            <span className="grid min-w-0 grid-cols-[88px_minmax(0,1fr)] items-baseline gap-2.5 max-sm:col-start-2">
              <Confidence value={r.confidence} />
              <span className="min-w-0 text-dense text-fg-2 [overflow-wrap:anywhere]">{r.reason}</span>
            </span>
          </div>
        ))}
        {others.length ? (
          <OtherCategories feedback={f} list={others} onTake={(change) => void verbs.correct(f, change)} />
        ) : null}
      </div>
      <div className="grid gap-2 border-line border-t px-3 py-2">
        {triage.reason ? <p className="text-dense text-fg-2">{triage.reason}</p> : null}
        <Phrases
          phrases={(triage.key_phrases ?? []).map((p) => maskIn(p, f.text ?? "", triage.personal ?? []))}
          summary={f.summary}
          text={f.text ?? ""}
        />
        <p className="flex flex-wrap items-baseline gap-2 text-meta text-fg-3">
          {t(f.read_fully ? "triage.full" : "triage.first")}
          <span className="id ml-auto">{triage.version}</span>
        </p>
      </div>
    </>
  );
}

function rowsOf(f: Feedback): Row[] {
  const tr = f.triage;
  if (!tr) return [];
  const category = tr.categories?.find((c) => c.name === f.category) ?? tr.categories?.[0];
  const rows: (Row | undefined)[] = [
    category && {
      id: "category",
      name: t("facet.category"),
      answer: word("category", f.category),
      confidence: category.confidence,
      reason: category.reason,
    },
    {
      id: "severity",
      name: t("facet.severity"),
      answer: <Severity level={f.severity} long />,
      confidence: tr.severity.confidence,
      reason: tr.severity.reason,
    },
    {
      id: "sentiment",
      name: t("facet.sentiment"),
      answer: <Sentiment label={f.sentiment} />,
      confidence: tr.sentiment.confidence,
      reason: tr.sentiment.reason,
    },
    tr.emotion.name
      ? {
          id: "emotion",
          name: t("facet.emotion"),
          answer: word("emotion", tr.emotion.name),
          confidence: tr.emotion.confidence,
          reason: tr.emotion.reason,
        }
      : undefined,
    tr.area.name
      ? {
          id: "area",
          name: t("facet.area"),
          answer: f.area || tr.area.name,
          confidence: tr.area.confidence,
          reason: tr.area.reason,
        }
      : undefined,
    {
      id: "language",
      name: t("facet.language"),
      answer: languageName(f.language),
      confidence: tr.language.confidence,
      reason: tr.language.reason,
    },
    tr.defect.name
      ? {
          id: "defect",
          name: t("triage.defect"),
          answer: word("defect", tr.defect.name),
          confidence: tr.defect.confidence,
          reason: tr.defect.reason,
        }
      : undefined,
    flag("security", tr.security, t("triage.securityYes")),
    flag("spam", tr.spam, t("triage.spamYes")),
  ];
  return rows.filter((r) => r !== undefined);
}

type Flag = NonNullable<Feedback["triage"]>["security"];

/** A row only when the answer is yes: "no" to spam and security goes without saying. */
function flag(id: "security" | "spam", f: Flag, yes: string): Row | undefined {
  if (!f.yes) return undefined;
  const answer = (
    <>
      {id === "security" ? <Glyph state="critical" /> : null}
      {yes}
    </>
  );
  return { id, name: t(`triage.${id}`), answer, confidence: f.confidence, reason: f.reason };
}

/** The next best categories as chips: a press takes one, and that is recorded as a correction. */
function OtherCategories({
  feedback,
  list,
  onTake,
}: {
  feedback: Feedback;
  list: { name: string; confidence: number; reason?: string }[];
  onTake: (change: FeedbackPatch) => void;
}) {
  return (
    <div className="flex flex-wrap items-center gap-1.5 border-line border-t px-3 py-1.5 text-dense">
      <span className="text-fg-3">{t(feedback.unsure ? "triage.orUnsure" : "triage.or")}</span>
      {list.map((c) => (
        <button
          key={c.name}
          type="button"
          title={c.reason}
          onClick={() => onTake({ category: c.name as FeedbackPatch["category"] })}
          className="suggested state inline-flex h-6 items-center gap-1.5 rounded-1 px-1.5 text-meta text-fg-2 hover:bg-hover"
        >
          <Icon of={Check} size={11} />
          {word("category", c.name)}
          <span className="num text-fg-3">{percent(c.confidence)}</span>
        </button>
      ))}
    </div>
  );
}

function Phrases({ phrases, summary, text }: { phrases: string[]; summary: string; text: string }) {
  const long = summary && text.length > summary.length * 1.5;
  return (
    <>
      {long ? (
        <p className="text-dense">
          <span className="text-fg-3">{t("triage.summary")}</span> {summary}
        </p>
      ) : null}
      {phrases.length ? (
        <p className="flex flex-wrap items-center gap-1.5">
          <span className="text-dense text-fg-3">{t("triage.phrases")}</span>
          {phrases.map((p) => (
            <Tag key={p} user>
              {p}
            </Tag>
          ))}
        </p>
      ) : null}
    </>
  );
}
