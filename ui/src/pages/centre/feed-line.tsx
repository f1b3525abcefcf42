import { Link } from "@tanstack/react-router";
import {
  CircleCheck,
  CirclePlus,
  EyeOff,
  GitMerge,
  type LucideIcon,
  MessageSquare,
  PencilLine,
  RotateCcw,
  Signpost,
  TriangleAlert,
  User,
} from "lucide-react";
import type { ReactNode } from "react";
import type { Happening } from "@/api/types";
import { useLaunch } from "@/app/launch";
import { type MessageKey, Trans, word } from "@/i18n";
import { IssueLink } from "./rows-link";

const fields: Record<string, LucideIcon> = {
  created: CirclePlus,
  severity: TriangleAlert,
  stage: Signpost,
  owner: User,
  merged_into: GitMerge,
  feedback: MessageSquare,
};

export function iconOf(h: Happening): LucideIcon {
  if (h.kind === "feedback.arrived") return MessageSquare;
  if (h.kind === "feedback.ignored") return EyeOff;
  if (h.change?.field === "stage" && h.change.to === "closure") return CircleCheck;
  if (h.change?.field === "stage" && h.change.from === "closure") return RotateCcw;
  return fields[h.change?.field ?? ""] ?? PencilLine;
}

/** Which message tells of a change of one issue. */
function changeKey(h: Happening): MessageKey {
  const { field, from, to } = h.change ?? { field: "", from: "", to: "" };
  switch (field) {
    case "created":
      return "feed.created";
    case "feedback":
      return "feed.reports";
    case "severity":
      return "feed.severity";
    case "stage":
      return to === "closure" ? "feed.closed" : from === "closure" ? "feed.reopened" : "feed.stage";
    case "owner":
      return to === "" ? "feed.released" : to === h.actor?.name ? "feed.took" : "feed.gave";
    case "merged_into":
      return to === "" ? "feed.unmerged" : "feed.merged";
  }
  return "feed.changed";
}

function manyKey(h: Happening): MessageKey {
  if (h.change?.field === "created") return "feed.createdMany";
  if (h.change?.field === "stage" && h.change.to === "closure") return "feed.closedMany";
  return "feed.changedMany";
}

/** One line of what happened, with links to what it speaks of. */
export function FeedLine({ h }: { h: Happening }): ReactNode {
  const who = <b className="font-550">{h.actor?.name || word("actor", h.actor?.kind ?? "user")}</b>;
  if (h.kind === "feedback.arrived") return <ArrivedLine h={h} />;
  if (h.kind === "feedback.ignored") {
    return h.report ? (
      <Trans k="feed.ignored" values={{ who, title: <ReportLink report={h.report} /> }} />
    ) : (
      <Trans k="feed.ignoredMany" values={{ who, count: h.count }} />
    );
  }
  const what = word("change", h.change?.field ?? "");
  if (h.count > 1) return <Trans k={manyKey(h)} values={{ who, what, count: h.count }} />;
  const issue = h.issues?.[0];
  const to = h.change?.to ?? "";
  return (
    <Trans
      k={changeKey(h)}
      values={{
        who,
        what,
        issue: issue ? <IssueLink issueKey={issue.key} title={issue.title} /> : "",
        title: issue?.title ?? to,
        count: Number(to) || 0,
        stage: word("stage", to),
        severity: word("severity", to),
        owner: <b className="font-550">{to}</b>,
        into: <IssueLink issueKey={to} />,
      }}
    />
  );
}

function ArrivedLine({ h }: { h: Happening }) {
  const r = h.report;
  if (!r) {
    const channel = word("channel", h.channels?.[0]?.channel ?? "");
    return (
      <Trans
        k={(h.channels?.length ?? 0) > 1 ? "feed.arrivedMixed" : "feed.arrivedMany"}
        values={{ count: h.count, channel }}
      />
    );
  }
  const title = <ReportLink report={r} />;
  const line = r.author ? (
    <Trans k="feed.arrivedBy" values={{ who: <b className="font-550">{r.author}</b>, title }} />
  ) : (
    <Trans k="feed.arrived" values={{ title }} />
  );
  if (!r.issue) return line;
  return (
    <Trans
      k="feed.arrivedJoined"
      values={{ line, issue: <IssueLink issueKey={r.issue.key} title={r.issue.title} /> }}
    />
  );
}

function ReportLink({ report }: { report: NonNullable<Happening["report"]> }) {
  return (
    <Link
      to="/launches/$launchId/feedback"
      params={{ launchId: useLaunch().id }}
      search={{ tab: "all", item: report.id }}
      className="text-fg-2 [overflow-wrap:anywhere] underline decoration-transparent underline-offset-2 hover:decoration-current"
    >
      {report.title}
    </Link>
  );
}
