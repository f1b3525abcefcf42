import { GitMerge, Plus } from "lucide-react";
import { useActions } from "@/actions/use-actions";
import type { Issue, IssueBulk } from "@/api/types";
import { t, word } from "@/i18n";
import { nextStage } from "../issue/stages";
import { severities } from "../shared/vocabulary";
import type { MenuName } from "./issue-menus";

interface Setting {
  items: Issue[];
  cursor: number;
  marked: Issue[];
  onCursor: (index: number) => void;
  onOpen: (key: string) => void;
  onMark: (id: string, range: boolean) => void;
  onAll: () => void;
  onClear: () => void;
  onMenu: (menu: MenuName) => void;
  onChange: (list: Issue[], change: IssueBulk) => void;
  onMerge: () => void;
  onNew: () => void;
}

/** What the keyboard can do with the list: on the marked ones, or on the one under the cursor. */
export function useListActions(x: Setting): void {
  const here = x.items[x.cursor];
  const target = x.marked.length ? x.marked : here ? [here] : [];
  const some = () => x.items.length > 0;
  const on = () => target.length > 0;
  const step = (by: number) => x.onCursor(Math.min(x.items.length - 1, Math.max(0, x.cursor + by)));
  const next = target.length === 1 && target[0] ? nextStage(target[0].stage) : undefined;
  const menu = (name: MenuName, key: string, label: string, hint?: string) => ({
    id: `list.${name}`,
    keys: [key],
    scope: "list" as const,
    label,
    hint,
    when: on,
    run: () => x.onMenu(name),
  });
  useActions([
    {
      id: "list.next",
      keys: ["j", "arrowdown"],
      scope: "list",
      label: t("action.next"),
      hint: t("hint.move"),
      hintKeys: ["j", "k"],
      when: some,
      keysOnly: true,
      run: () => step(1),
    },
    {
      id: "list.previous",
      keys: ["k", "arrowup"],
      scope: "list",
      label: t("action.previous"),
      when: some,
      keysOnly: true,
      run: () => step(-1),
    },
    {
      id: "list.open",
      keys: ["enter"],
      scope: "list",
      label: t("action.openIssue"),
      hint: t("hint.open"),
      when: () => here !== undefined,
      keysOnly: true,
      run: () => here && x.onOpen(here.key),
    },
    {
      id: "list.mark",
      keys: ["x"],
      scope: "list",
      label: t("action.mark"),
      hint: t("hint.mark"),
      when: () => here !== undefined,
      run: () => here && x.onMark(here.id, false),
    },
    {
      id: "list.extend",
      keys: ["shift+j"],
      scope: "list",
      label: t("action.extend"),
      when: () => here !== undefined,
      keysOnly: true,
      run: () => {
        const to = x.items[x.cursor + 1];
        if (here && !x.marked.some((i) => i.id === here.id)) x.onMark(here.id, false);
        if (to) {
          x.onMark(to.id, true);
          x.onCursor(x.cursor + 1);
        }
      },
    },
    {
      id: "list.all",
      keys: ["shift+x"],
      scope: "list",
      label: t("action.markAll"),
      when: some,
      run: x.onAll,
    },
    {
      id: "list.clear",
      keys: ["escape"],
      scope: "list",
      label: t("bulk.clear"),
      when: () => x.marked.length > 0,
      keysOnly: true,
      run: x.onClear,
    },
    menu("severity", "s", t("action.severity"), t("hint.severity")),
    menu("owner", "a", t("action.owner"), t("hint.assign")),
    menu("stage", "shift+s", t("action.stage")),
    {
      id: "list.merge",
      keys: ["m"],
      scope: "list",
      label: t(x.marked.length > 1 ? "action.mergeMarked" : "action.merge"),
      hint: t("hint.merge"),
      icon: GitMerge,
      when: on,
      run: x.onMerge,
    },
    {
      id: "list.next-stage",
      keys: ["e", "."],
      scope: "list",
      label: next ? t("issue.moveTo", { stage: word("stage", next) }) : t("action.nextStage"),
      when: () => next !== undefined,
      run: () => next && x.onChange(target, { stage: next }),
    },
    { id: "list.new", keys: ["n"], scope: "list", label: t("newIssue.title"), icon: Plus, run: x.onNew },
    ...severities.map((level, i) => ({
      id: `list.${level}`,
      keys: [String(i + 1)],
      scope: "list" as const,
      label: t("action.setSeverity", { severity: word("severity.long", level) }),
      when: on,
      run: () => x.onChange(target, { severity: level }),
    })),
  ]);
}
