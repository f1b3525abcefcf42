import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import type { Issue, IssueLink } from "@/api/types";
import { t, word } from "@/i18n";
import { IconButton } from "@/ui/button";
import { StageDial } from "@/ui/stage";
import { Group } from "../feedback/feedback-facts";

/** How the issue hangs together with others, by kind; what blocks it comes first. */
export function IssueLinks({
  issue,
  launchId,
  onLink,
  onUnlink,
}: {
  issue: Issue;
  launchId: string;
  onLink: () => void;
  onUnlink: (link: IssueLink) => void;
}) {
  const links = issue.links ?? [];
  return (
    <Group
      title={t("issue.links")}
      note={
        <button type="button" className="link min-h-6" onClick={onLink}>
          {t("issue.addLink")}
        </button>
      }
    >
      {links.length ? (
        <ul className="grid gap-0.5">
          {links.map((l) => (
            <li
              key={l.id}
              className="group/link grid grid-cols-[82px_minmax(0,1fr)_28px] items-start text-dense"
            >
              <span className="flex min-h-6 items-center text-fg-3">{word("link.kind", l.kind)}</span>
              <Link
                to="/launches/$launchId/issues/$issueId"
                params={{ launchId, issueId: l.issue.key }}
                title={`${l.issue.title} · ${word("stage", l.issue.stage)}`}
                className="state -ml-1.5 flex min-h-6 min-w-0 items-center gap-1.5 rounded-1 px-1.5 hover:bg-hover"
              >
                <span className="text-fg-3">
                  <StageDial stage={l.issue.stage} size={11} />
                  <span className="sr-only">{word("stage", l.issue.stage)}</span>
                </span>
                <span className="id text-fg-2">{l.issue.key}</span>
                <span className="truncate">{l.issue.title}</span>
              </Link>
              <IconButton
                label={t("link.remove", { key: l.issue.key })}
                icon={X}
                size={12}
                className="!h-6 opacity-0 group-hover/link:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
                onClick={() => onUnlink(l)}
              />
            </li>
          ))}
        </ul>
      ) : (
        <p className="text-meta text-fg-3">{t("issue.noLinks")}</p>
      )}
    </Group>
  );
}
