import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { TimelineEntry } from "@/api/types";
import { useMe } from "@/app/launch";
import { type MessageKey, Trans, t, word } from "@/i18n";
import { languageName } from "@/i18n/format";
import { Time } from "@/ui/time";
import { joinedCount, type Row, reportsOf } from "./timeline-fold";

export const strong = (text: ReactNode) => <strong className="font-550 text-fg">{text}</strong>;

/** The name of who did it, and "You" for the reader. */
export function useWho(): (actor: TimelineEntry["actor"]) => string {
  const me = useMe();
  return (actor) => {
    const mine = actor.id ? actor.id === me.id : actor.kind === "member" && actor.name === me.name;
    return (mine && t("timeline.you")) || actor.name || word("actor", actor.kind);
  };
}

/** The word for a value of a field, as people say it. */
export function valueWord(field: string, value: unknown): string {
  const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
  if (text === "") return t("common.none");
  if (field === "language") return languageName(text);
  if (field === "tags") return text.replaceAll(",", ", ").replaceAll(",  ", ", ");
  if (field === "urgency") return text === "0" ? t("timeline.suggested") : text;
  if (["severity", "category", "sentiment", "emotion", "stage", "state"].includes(field))
    return word(field, text);
  if (text === "true" || text === "false") return t(text === "true" ? "timeline.yes" : "timeline.no");
  return text;
}

const issueLink = (launchId: string, key: string) => (
  <Link
    to="/launches/$launchId/issues/$issueId"
    params={{ launchId, issueId: key }}
    className="id link text-fg"
  >
    {key}
  </Link>
);

interface Props {
  row: Row;
  launchId: string;
}

/** What one line says, whole. */
export function Sentence({ row, launchId }: Props) {
  const who = strong(useWho()(row.entry.actor));
  switch (row.entry.kind) {
    case "arrived":
      return <Trans k="timeline.arrived" values={{ who }} />;
    case "read":
      return row.news ? (
        <Trans k="timeline.readAgain" values={{ who, what: settingWords(row.entry, row.news) }} />
      ) : (
        <Trans k="timeline.read" values={{ who, what: readingWords(row.entry) }} />
      );
    case "rule":
      return <Ruled entry={row.entry} who={who} />;
    case "decided":
      return <Decision row={row} who={who} launchId={launchId} />;
    case "corrected":
      return <Correction entry={row.entry} who={who} />;
    default:
      return <Change row={row} who={who} launchId={launchId} />;
  }
}

/** "Bug, Sev 2", or that it looks like spam. */
export function readingWords(e: TimelineEntry): string {
  if (e.outcome?.spam === true) return t("timeline.readSpam");
  return t("timeline.readWhat", {
    category: valueWord("category", e.outcome?.category),
    severity: valueWord("severity", e.outcome?.severity),
  });
}

/** "the severity to Sev 2, the tags to money" */
const settingWords = (e: TimelineEntry, fields: string[]): string =>
  fields
    .map((f) => t("timeline.pair", { name: word("change", f), value: valueWord(f, e.outcome?.[f]) }))
    .join(", ");

function Ruled({ entry, who }: { entry: TimelineEntry; who: ReactNode }) {
  const set = Object.keys(entry.outcome ?? {});
  if (set.length === 0) return <Trans k="timeline.ruleHit" values={{ who }} />;
  return <Trans k="timeline.rule" values={{ who, what: settingWords(entry, set) }} />;
}

const states: Record<string, MessageKey> = {
  accepted: "timeline.accepted",
  ignored: "timeline.ignored",
  spam: "timeline.spam",
  new: "timeline.reopened",
};

function Decision({ row, who, launchId }: Props & { who: ReactNode }) {
  const outcome = row.entry.outcome ?? {};
  const field = row.part ?? Object.keys(outcome)[0] ?? "";
  const value = outcome[field];
  const issue = typeof outcome.issue === "string" ? outcome.issue : "";
  const values = { who, to: strong(valueWord(field, value)), issue: issueLink(launchId, issue) };
  const empty = value === "" || value === null || (Array.isArray(value) && value.length === 0);
  switch (field) {
    case "state":
      if (value === "accepted" && issue) return <Trans k="timeline.acceptedAs" values={values} />;
      return (
        <Trans
          k={states[String(value)] ?? "timeline.set"}
          values={{ ...values, field: word("change", field) }}
        />
      );
    case "issue":
      return <Trans k={issue ? "timeline.moved" : "timeline.left"} values={values} />;
    case "assignee":
      return <Trans k={empty ? "timeline.unassigned" : "timeline.assigned"} values={values} />;
    case "tags":
      return <Trans k={empty ? "timeline.untagged" : "timeline.tagged"} values={values} />;
    case "snoozed_until":
      return (
        <Trans
          k={empty ? "timeline.awake" : "timeline.snoozed"}
          values={{ who, time: <Time at={String(value)} /> }}
        />
      );
    case "dismissed":
      return <Trans k={empty ? "timeline.undismissed" : "timeline.dismissed"} values={values} />;
  }
  return <Trans k="timeline.set" values={{ ...values, field: word("change", field) }} />;
}

function Correction({ entry: e, who }: { entry: TimelineEntry; who: ReactNode }) {
  if (e.field === "spam")
    return <Trans k={e.to === "true" ? "timeline.spam" : "timeline.notSpam"} values={{ who }} />;
  const field = e.field ?? "";
  return (
    <Trans
      k={e.from === e.to ? "timeline.confirmed" : "timeline.corrected"}
      values={{
        who,
        field: word("change", field),
        from: valueWord(field, e.from),
        to: strong(valueWord(field, e.to)),
      }}
    />
  );
}

/** What happened to an issue as a whole has a sentence of its own, by whether it was done or undone. */
const whole: Record<string, { done: MessageKey; undone: MessageKey }> = {
  merged: { done: "timeline.merged", undone: "timeline.unmerged" },
  merged_into: { done: "timeline.mergedInto", undone: "timeline.unmergedInto" },
  split: { done: "timeline.split", undone: "timeline.split" },
  dismissed_severity: { done: "timeline.severityDismissed", undone: "timeline.severityUndismissed" },
};

/** Fields whose change is shown word by word below the sentence. */
export const textFields = new Set(["title", "description"]);

function Change({ row, who, launchId }: Props & { who: ReactNode }) {
  const e = row.entry;
  const field = e.field ?? "";
  if (field === "created") {
    const count = e.feedback?.length ?? 0;
    return <Trans k={count ? "timeline.createdFrom" : "timeline.created"} values={{ who, count }} />;
  }
  if (field === "feedback") return <Reports row={row} who={who} launchId={launchId} />;
  if (field === "linked") return <Linked entry={e} who={who} launchId={launchId} />;
  const of = whole[field];
  if (of) {
    return (
      <Trans
        k={e.to ? of.done : of.undone}
        values={{
          who,
          from: /^HC-/.test(e.from ?? "") ? issueLink(launchId, e.from ?? "") : valueWord("severity", e.from),
          to: /^HC-/.test(e.to ?? "") ? issueLink(launchId, e.to ?? "") : strong(valueWord("severity", e.to)),
        }}
      />
    );
  }
  const name = word("change", field);
  if (textFields.has(field)) return <Trans k="timeline.text" values={{ who, field: name }} />;
  const values = {
    who,
    field: name,
    from: valueWord(field, e.from),
    to: strong(valueWord(field, e.to)),
  };
  const fresh = !e.from || (field === "urgency" && e.from === "0");
  if (fresh && e.to) return <Trans k="timeline.set" values={values} />;
  return <Trans k={e.to ? "timeline.changed" : "timeline.cleared"} values={values} />;
}

/** A link to another issue, as "blocks HC-7", that was made, changed or taken away. */
function Linked({ entry: e, who, launchId }: { entry: TimelineEntry; who: ReactNode; launchId: string }) {
  const [kind = "", key = ""] = (e.to || e.from || "").split(" ");
  const k = e.to ? (e.from ? "timeline.relinked" : "timeline.linked") : "timeline.unlinked";
  return <Trans k={k} values={{ who, kind: word("link.kind", kind), key: issueLink(launchId, key) }} />;
}

/** Reports that came or went: one by the name of who sent it, more by their number. */
function Reports({ row, who, launchId }: Props & { who: ReactNode }) {
  const count = joinedCount(row);
  const only = reportsOf(row)[0];
  if (count === 1 && only)
    return (
      <Trans
        k="timeline.joinedOne"
        values={{ who, report: <ReportLink report={only} launchId={launchId} /> }}
      />
    );
  return (
    <Trans k={count < 0 ? "timeline.tookOut" : "timeline.joined"} values={{ who, count: Math.abs(count) }} />
  );
}

/** A report by who sent it, else by its number. */
export function ReportLink({
  report,
  launchId,
}: {
  report: NonNullable<TimelineEntry["feedback"]>[number];
  launchId: string;
}) {
  return (
    <Link
      to="/launches/$launchId/feedback"
      params={{ launchId }}
      search={{ tab: "all", item: report.id }}
      title={report.title}
      className="link text-fg"
    >
      {report.author || `#${report.number}`}
    </Link>
  );
}
