import { useQuery } from "@tanstack/react-query";
import { issueHistoryQuery } from "@/api/issues";
import type { Change, Issue } from "@/api/types";
import { type MessageKey, Trans, t, word } from "@/i18n";
import { Avatar } from "@/ui/avatar";
import { Time } from "@/ui/time";

const strong = (text: string) => <strong className="font-550">{text}</strong>;

/** Every change with who made it, newest last, on one line of time. */
export function IssueHistory({ issue }: { issue: Issue }) {
  const { data = [] } = useQuery(issueHistoryQuery(issue.id));
  if (data.length === 0) return null;
  const list = [...data].sort((a, b) => a.at.localeCompare(b.at));
  return (
    <section>
      <h2 className="mb-2 text-body font-semibold">{t("issue.history")}</h2>
      <ol className="relative pl-6 before:absolute before:top-1 before:bottom-3 before:left-[8.5px] before:w-px before:bg-line-strong">
        {list.map((c) => (
          <li key={c.id} className="relative flex gap-2 pb-2 text-row">
            <span className="absolute top-0 -left-6">
              <Avatar name={c.actor.name || c.actor.kind} small />
            </span>
            <span className="min-w-0 flex-1">
              <Line change={c} />
              {c.reason ? <span className="block text-meta text-fg-3">{c.reason}</span> : null}
            </span>
            <span className="flex-none text-meta text-fg-3">
              <Time at={c.at} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const worded = new Set(["severity", "category", "stage"]);
const show = (field: string, value: string) => {
  if (field === "linked") return saidLink(value);
  if (field === "dismissed_severity") return word("severity", value);
  return (worded.has(field) ? word(field, value) : value) || t("common.none");
};

/** What happened to an issue as a whole has a sentence of its own, by whether it was done or undone. */
const sentences: Record<string, { done: MessageKey; undone: MessageKey }> = {
  created: { done: "history.created", undone: "history.created" },
  feedback: { done: "history.joined", undone: "history.joined" },
  merged: { done: "history.merged", undone: "history.unmerged" },
  merged_into: { done: "history.mergedInto", undone: "history.unmergedInto" },
  split: { done: "history.split", undone: "history.split" },
  dismissed_severity: { done: "history.dismissed", undone: "history.undismissed" },
};

/** "blocks HC-7" in the words of the page. */
function saidLink(value: string): string {
  const [kind = "", key = ""] = value.split(" ");
  return value && t("history.linkedTo", { kind: word("link.kind", kind), key });
}

/** The message for a link that was made, moved or taken away. */
const linkSentence = (c: Change): MessageKey =>
  c.to ? (c.from ? "history.relinked" : "history.linked") : "history.unlinked";

/** The message for a change of one field. */
function fieldSentence(c: Change): MessageKey {
  if (!c.from) return "history.set";
  return c.to ? "history.changed" : "history.cleared";
}

function Line({ change: c }: { change: Change }) {
  const whole =
    c.field === "linked" ? { done: linkSentence(c), undone: linkSentence(c) } : sentences[c.field];
  const k = whole ? (c.to ? whole.done : whole.undone) : fieldSentence(c);
  return (
    <Trans
      k={k}
      values={{
        who: strong(c.actor.name || word("actor", c.actor.kind)),
        field: word("change", c.field),
        from: show(c.field, c.from),
        to: strong(show(c.field, c.to)),
      }}
    />
  );
}
