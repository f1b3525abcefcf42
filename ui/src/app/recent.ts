import { useQuery } from "@tanstack/react-query";
import { useMatch } from "@tanstack/react-router";
import { useEffect } from "react";
import { issueQuery } from "@/api/issues";
import { prefs, type Recent } from "./prefs";

const most = 8;

/** Puts something in front of what was opened before; the same thing is there once. */
export function withRecent(list: Recent[], one: Recent): Recent[] {
  return [one, ...list.filter((r) => r.kind !== one.kind || r.id !== one.id)].slice(0, most);
}

/** Remembers what was opened, for the palette. */
export function remember(one: Recent): void {
  prefs.set({ recent: withRecent(prefs.get().recent, one) });
}

/** Remembers the issues whose pages are visited. */
export function useRememberIssues(): void {
  const match = useMatch({ from: "/app/launches/$launchId/issues/$issueId", shouldThrow: false });
  const id = match?.params.issueId ?? "";
  const issue = useQuery({ ...issueQuery(id), enabled: id !== "" }).data;
  const key = issue?.key;
  const title = issue?.title;
  const launchId = issue?.launch_id;
  useEffect(() => {
    if (key && title && launchId) remember({ kind: "issue", launchId, id: key, code: key, label: title });
  }, [key, title, launchId]);
}
