import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RowsOf } from "@/api/types";
import { useLaunch } from "@/app/launch";
import { feedbackSearch, issueSearch } from "@/app/search";

/** To the rows behind a figure, as the server named them. */
export function RowsLink({
  link,
  className,
  children,
}: {
  link: RowsOf;
  className?: string;
  children: ReactNode;
}) {
  const params = { launchId: useLaunch().id };
  const raw = link.search ?? {};
  switch (link.to) {
    case "issue":
      return (
        <Link
          to="/launches/$launchId/issues/$issueId"
          params={{ ...params, issueId: link.id ?? "" }}
          className={className}
        >
          {children}
        </Link>
      );
    case "issues":
      return (
        <Link to="/launches/$launchId/issues" params={params} search={issueSearch(raw)} className={className}>
          {children}
        </Link>
      );
  }
  return (
    <Link
      to="/launches/$launchId/feedback"
      params={params}
      search={feedbackSearch(raw)}
      className={className}
    >
      {children}
    </Link>
  );
}

/** An issue by its key, within a sentence. */
export function IssueLink({ issueKey, title }: { issueKey: string; title?: string }) {
  return (
    <span title={title}>
      <RowsLink link={{ to: "issue", id: issueKey }} className="link whitespace-nowrap">
        {issueKey}
      </RowsLink>
    </span>
  );
}
