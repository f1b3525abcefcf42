import { useQuery } from "@tanstack/react-query";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { CircleUser, type LucideIcon, MessageSquare, SquareStack, Target } from "lucide-react";
import { useDeferredValue, useMemo } from "react";
import { feedbackSearchQuery } from "@/api/feedback";
import { issueQuery, issueSearchQuery } from "@/api/issues";
import { personSearchQuery } from "@/api/workspace";
import { useNavLaunch } from "@/app/launch";
import type { Recent } from "@/app/prefs";
import { remember } from "@/app/recent";
import { usePrefs } from "@/app/use-prefs";
import { t } from "@/i18n";
import { type Entry, keyTyped, matchActions, score } from "./palette-entries";
import { registry } from "./registry";

const icons: Record<Recent["kind"], LucideIcon> = {
  issue: Target,
  feedback: MessageSquare,
  person: CircleUser,
};

/** Goes to something that was found or looked at before, and remembers it. */
function useOpen(): (r: Recent) => void {
  const navigate = useNavigate();
  return (r) => {
    remember(r);
    const launchId = r.launchId;
    if (r.kind === "issue")
      void navigate({ to: "/launches/$launchId/issues/$issueId", params: { launchId, issueId: r.id } });
    else if (r.kind === "feedback")
      void navigate({ to: "/feedback/$feedbackId", params: { feedbackId: r.id } });
    else
      void navigate({
        to: "/launches/$launchId/feedback",
        params: { launchId },
        search: { tab: "all", person: r.id },
      });
  };
}

/** What the palette offers for what was typed; with nothing typed, what was looked at last comes first. */
export function useEntries(typed: string): Entry[] {
  const { launch, launches } = useNavLaunch();
  const { recent: all, singleKeys } = usePrefs();
  const here = useRouterState({ select: (s) => s.location.pathname });
  // What is open already needs no way to it.
  const recent = all.filter((r) => !here.endsWith(`/${r.id}`));
  const navigate = useNavigate();
  const open = useOpen();
  const q = useDeferredValue(typed.trim());
  const launchId = launch?.id ?? "";
  const ask = q.length >= 2 && launchId !== "";
  const key = keyTyped(q);
  const named = useQuery({ ...issueQuery(key ?? ""), enabled: key !== undefined, retry: false }).data;
  const issues = useQuery({ ...issueSearchQuery(launchId, q), enabled: ask }).data;
  const feedback = useQuery({ ...feedbackSearchQuery(launchId, q), enabled: ask }).data;
  const people = useQuery({ ...personSearchQuery(q), enabled: ask }).data;
  // biome-ignore lint/correctness/useExhaustiveDependencies: open and navigate do the same at every render
  return useMemo(() => {
    const of = (r: Recent, group: string): Entry => ({
      id: `${r.kind} ${r.id}`,
      group,
      label: r.label,
      code: r.code || undefined,
      icon: icons[r.kind],
      user: true,
      run: () => open(r),
    });
    const found: Entry[] = [];
    if (!typed.trim()) found.push(...recent.map((r) => of(r, t("palette.recent"))));
    if (key && named) found.push(of(issueRecent(named), t("palette.issues")));
    found.push(...matchActions(registry.available(), typed, (a) => registry.keyOf(a, singleKeys)));
    for (const l of launches) {
      if (!typed.trim() || l.id === launchId || score(l.name, typed) === 0) continue;
      found.push({
        id: `launch ${l.id}`,
        group: t("palette.launches"),
        label: l.name,
        icon: SquareStack,
        user: true,
        run: () => void navigate({ to: "/launches/$launchId", params: { launchId: l.id } }),
      });
    }
    if (!ask) return found;
    for (const i of issues ?? [])
      if (i.key !== named?.key) found.push(of(issueRecent(i), t("palette.issues")));
    for (const f of feedback ?? [])
      found.push(
        of(
          {
            kind: "feedback",
            launchId: f.launch_id,
            id: f.id,
            code: `#${f.number}`,
            label: f.title || f.snippet,
          },
          t("palette.feedback"),
        ),
      );
    for (const p of people ?? [])
      found.push(
        of(
          { kind: "person", launchId, id: p.id, code: "", label: p.name || p.email || p.id },
          t("palette.people"),
        ),
      );
    return found;
  }, [typed, ask, key, named, issues, feedback, people, launches, launchId, all, here, singleKeys]);
}

const issueRecent = (i: { launch_id: string; key: string; title: string }): Recent => ({
  kind: "issue",
  launchId: i.launch_id,
  id: i.key,
  code: i.key,
  label: i.title,
});
