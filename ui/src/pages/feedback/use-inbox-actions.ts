import { ArrowDown, ArrowUp, CheckSquare, Filter, Search } from "lucide-react";
import type { RefObject } from "react";
import { useActions } from "@/actions/use-actions";
import type { Feedback, FeedbackPatch } from "@/api/types";
import { t, word } from "@/i18n";
import { severities } from "../shared/vocabulary";
import type { Asking } from "./inbox-dialogs";
import type { InboxData } from "./use-inbox-data";
import type { Marks } from "./use-marks";
import type { Verbs } from "./verbs";

interface Setting {
  data: InboxData;
  at: number;
  marks: Marks;
  verbs: Verbs;
  open: (id: string | undefined) => void;
  /** Does something that may take reports off the tab. */
  act: (ids: string[], change: Partial<Feedback>, run: () => Promise<void>) => void;
  ask: (asking: Asking) => void;
  markAll: () => void;
  openFilter: () => void;
  searchField: RefObject<HTMLInputElement | null>;
}

/**
 * What the keyboard can do with the list and with what is selected in it. What it can do with the open item is
 * in the detail; while something is selected the same keys mean the selection.
 */
export function useInboxActions(s: Setting): void {
  useMoves(s);
  useBulk(s);
}

function useMoves({ data, at, marks, open, markAll, openFilter, searchField }: Setting): void {
  const rows = data.items;
  const step = (by: number) => {
    const to = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    if (to) open(to.id);
  };
  const here = () => rows[at];
  const some = () => rows.length > 0;
  useActions([
    {
      id: "list.next",
      keys: ["j", "arrowdown"],
      scope: "list",
      label: t("action.next"),
      hint: t("hint.move"),
      hintKeys: ["j", "k"],
      icon: ArrowDown,
      when: some,
      keysOnly: true,
      run: () => step(1),
    },
    {
      id: "list.previous",
      keys: ["k", "arrowup"],
      scope: "list",
      label: t("action.previous"),
      icon: ArrowUp,
      when: some,
      keysOnly: true,
      run: () => step(-1),
    },
    {
      id: "list.mark",
      keys: ["x"],
      scope: "list",
      label: t("action.mark"),
      hint: t("hint.mark"),
      icon: CheckSquare,
      when: () => here() !== undefined,
      run: () => marks.toggle(here()?.id ?? "", false),
    },
    {
      id: "list.extend",
      keys: ["shift+j"],
      scope: "list",
      label: t("action.extend"),
      when: () => here() !== undefined,
      keysOnly: true,
      run: () => {
        const to = rows[at + 1];
        if (!marks.ids.has(here()?.id ?? "")) marks.toggle(here()?.id ?? "", false);
        if (to) {
          marks.toggle(to.id, true);
          open(to.id);
        }
      },
    },
    {
      id: "list.mark-all",
      keys: ["shift+x"],
      scope: "list",
      label: t("action.markAll"),
      when: some,
      run: markAll,
    },
    { id: "list.filter", keys: ["f"], scope: "list", label: t("filter.open"), icon: Filter, run: openFilter },
    {
      id: "list.search",
      keys: ["/"],
      scope: "list",
      label: t("feedback.search"),
      icon: Search,
      run: () => {
        if (searchField.current) searchField.current.focus();
        else document.querySelector<HTMLElement>("[data-search-open]")?.click();
      },
    },
  ]);
}

function useBulk({ marks, verbs, act, ask }: Setting): void {
  const when = () => marks.ids.size > 0;
  const ids = () => [...marks.ids];
  const change = (patch: FeedbackPatch) =>
    act(ids(), patch as Partial<Feedback>, () => verbs.correctMany(ids(), patch));
  const scope = "list" as const;
  const asks = (id: string, what: Asking["what"], label: string, keys?: string[], hint?: string) => ({
    id: `bulk.${id}`,
    keys,
    scope,
    label,
    hint,
    when,
    run: () => ask({ what, ids: ids() }),
  });
  useActions([
    {
      id: "list.clear",
      keys: ["escape"],
      scope,
      label: t("bulk.clear"),
      when,
      keysOnly: true,
      run: marks.clear,
    },
    {
      id: "bulk.accept",
      keys: ["enter"],
      scope,
      label: t("bulk.accept"),
      hint: t("hint.accept"),
      when,
      run: () => {
        const all = ids();
        act(all, { state: "accepted" }, () => verbs.acceptMany(all, false));
      },
    },
    {
      id: "bulk.group",
      keys: ["shift+g"],
      scope,
      label: t("bulk.group"),
      when,
      run: () => {
        const all = ids();
        act(all, { state: "accepted" }, () => verbs.acceptMany(all, true));
      },
    },
    asks("join", "join", t("bulk.join"), ["l"], t("hint.join")),
    asks("severity", "severity", t("bulk.severity"), ["s"], t("hint.severity")),
    asks("category", "category", t("bulk.category"), ["t"], t("hint.category")),
    asks("assign", "assignee", t("bulk.assign"), ["a"], t("hint.assign")),
    asks("tag", "tag", t("bulk.tag")),
    asks("later", "later", t("bulk.later"), ["h"], t("hint.later")),
    {
      id: "bulk.ignore",
      keys: ["e"],
      scope,
      label: t("bulk.ignore"),
      hint: t("hint.ignore"),
      when,
      run: () => {
        const all = ids();
        act(all, { state: "ignored" }, () => verbs.ignore(all));
      },
    },
    ...severities.map((level, i) => ({
      id: `bulk.${level}`,
      keys: [String(i + 1)],
      scope,
      label: t("action.setSeverity", { severity: word("severity.long", level) }),
      keysOnly: true,
      when,
      run: () => change({ severity: level }),
    })),
  ]);
}
