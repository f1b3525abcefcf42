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
        <ul className="grid grid-cols-[minmax(0,1fr)] gap-1.5">
          {kindsOf(links).map((kind) => (
            <li key={kind}>
              <p className="text-meta text-fg-3">{word("link.kind", kind)}</p>
              <ul>
                {links
                  .filter((l) => l.kind === kind)
                  .map((l) => (
                    <Row key={l.id} link={l} launchId={launchId} onUnlink={() => onUnlink(l)} />
                  ))}
              </ul>
            </li>
          ))}
        </ul>
      ) : (
        <p className="text-meta text-fg-3">{t("issue.noLinks")}</p>
      )}
    </Group>
  );
}

/** The kinds there are, in the order of the links. */
const kindsOf = (links: IssueLink[]) => [...new Set(links.map((l) => l.kind))];

function Row({ link: l, launchId, onUnlink }: { link: IssueLink; launchId: string; onUnlink: () => void }) {
  return (
    <li className="group/link flex items-center gap-1 text-dense">
      <Link
        to="/launches/$launchId/issues/$issueId"
        params={{ launchId, issueId: l.issue.key }}
        title={`${l.issue.title} · ${word("stage", l.issue.stage)}`}
        className="state -ml-1.5 flex min-h-6 min-w-0 flex-1 items-center gap-1.5 rounded-1 px-1.5 hover:bg-hover"
      >
        <span className="flex-none text-fg-3">
          <StageDial stage={l.issue.stage} size={11} />
          <span className="sr-only">{word("stage", l.issue.stage)}</span>
        </span>
        <span className="id flex-none text-fg-2">{l.issue.key}</span>
        <span className="min-w-0 truncate">{l.issue.title}</span>
      </Link>
      <IconButton
        label={t("link.remove", { key: l.issue.key })}
        icon={X}
        size={12}
        className="!h-6 !w-6 opacity-0 group-hover/link:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
        onClick={onUnlink}
      />
    </li>
  );
}
