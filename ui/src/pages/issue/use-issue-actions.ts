import { ArrowDown, ArrowUp, ChevronsRight, GitMerge, Link2, Scissors } from "lucide-react";
import { useActions } from "@/actions/use-actions";
import { type IssueTab, issueTabs, type Stage } from "@/api/issue-filter";
import type { Issue } from "@/api/types";
import { t, word } from "@/i18n";
import { severities } from "../shared/vocabulary";
import type { IssueVerbs } from "./verbs";

interface Setting {
  issue: Issue;
  verbs: IssueVerbs;
  next: Stage | undefined;
  onNext: () => void;
  tab: IssueTab;
  onTab: (tab: IssueTab) => void;
  onMenu: (menu: string) => void;
  onOpen: (dialog: "merge" | "split" | "link") => void;
  place: { before?: string; after?: string } | undefined;
  onStep: (key: string | undefined) => void;
}

/** What the keyboard can do with the open issue. */
export function useIssueActions(x: Setting): void {
  const { issue, verbs, next } = x;
  useActions([
    {
      id: "item.next-stage",
      keys: ["e", "."],
      scope: "item",
      label: next ? t("issue.moveTo", { stage: word("stage", next) }) : t("action.nextStage"),
      hint: t("hint.nextStage"),
      icon: ChevronsRight,
      when: () => next !== undefined,
      run: x.onNext,
    },
    {
      id: "item.severity",
      keys: ["s"],
      scope: "item",
      label: t("action.severity"),
      hint: t("hint.severity"),
      run: () => x.onMenu("severity"),
    },
    {
      id: "item.assign",
      keys: ["a"],
      scope: "item",
      label: t("action.owner"),
      hint: t("hint.assign"),
      run: () => x.onMenu("owner"),
    },
    {
      id: "item.merge",
      keys: ["m"],
      scope: "item",
      label: t("action.merge"),
      hint: t("hint.merge"),
      icon: GitMerge,
      run: () => x.onOpen("merge"),
    },
    {
      id: "item.link",
      keys: ["l"],
      scope: "item",
      label: t("action.link"),
      hint: t("hint.link"),
      icon: Link2,
      run: () => x.onOpen("link"),
    },
    {
      id: "item.split",
      scope: "item",
      label: t("action.split"),
      icon: Scissors,
      when: () => issue.reach.feedback > 1,
      run: () => x.onOpen("split"),
    },
    {
      id: "item.category",
      scope: "item",
      label: t("action.category"),
      run: () => x.onMenu("category"),
    },
    {
      id: "item.tab",
      keys: ["t"],
      scope: "item",
      label: t("action.tab"),
      hint: t("hint.tab"),
      run: () => x.onTab(issueTabs[(issueTabs.indexOf(x.tab) + 1) % issueTabs.length] ?? "overview"),
    },
    {
      id: "item.down",
      keys: ["j"],
      scope: "item",
      label: t("action.next"),
      hint: t("hint.move"),
      hintKeys: ["j", "k"],
      icon: ArrowDown,
      when: () => x.place?.after !== undefined,
      keysOnly: true,
      run: () => x.onStep(x.place?.after),
    },
    {
      id: "item.up",
      keys: ["k"],
      scope: "item",
      label: t("action.previous"),
      icon: ArrowUp,
      when: () => x.place?.before !== undefined,
      keysOnly: true,
      run: () => x.onStep(x.place?.before),
    },
    ...severities.map((level, i) => ({
      id: `item.${level}`,
      keys: [String(i + 1)],
      scope: "item" as const,
      label: t("action.setSeverity", { severity: word("severity.long", level) }),
      when: () => issue.severity !== level,
      run: () => void verbs.patch({ severity: level }),
    })),
  ]);
}
