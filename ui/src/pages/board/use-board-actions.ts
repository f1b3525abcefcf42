import { ArrowLeft, ArrowRight, Columns3, Plus, Search } from "lucide-react";
import { useActions } from "@/actions/use-actions";
import type { Stage } from "@/api/issue-filter";
import type { BoardCard } from "@/api/types";
import { t, word } from "@/i18n";
import { stageToward } from "./moves";

interface Setting {
  card: BoardCard | undefined;
  movable: boolean;
  some: boolean;
  onStep: (by: { row?: number; column?: number }) => void;
  onOpen: () => void;
  onMenu: () => void;
  onMove: (to: Stage) => void;
  onNew: () => void;
}

/** What the keyboard can do on the board. Everything that dragging does is among it (WCAG 2.5.7). */
export function useBoardActions({
  card,
  movable,
  some,
  onStep,
  onOpen,
  onMenu,
  onMove,
  onNew,
}: Setting): void {
  const step = (id: string, keys: string[], label: string, by: { row?: number; column?: number }) => ({
    id,
    keys,
    scope: "list" as const,
    label,
    keysOnly: true,
    when: () => some,
    run: () => onStep(by),
  });
  const move = (id: string, key: string, by: -1 | 1) => {
    const to = card && stageToward(card, by);
    return {
      id: `board.${id}`,
      keys: [key],
      scope: "list" as const,
      label: to
        ? t("issue.moveTo", { stage: word("stage", to) })
        : t(by < 0 ? "action.moveLeft" : "action.moveRight"),
      icon: by < 0 ? ArrowLeft : ArrowRight,
      when: () => movable && to !== undefined,
      run: () => to && onMove(to),
    };
  };
  // One of the two that can be done now says it for both.
  const right = card && stageToward(card, 1);
  const moveHint = { hint: t("hint.moveCard"), hintKeys: ["mod+arrowleft", "mod+arrowright"] };
  useActions([
    {
      ...step("list.next", ["j", "arrowdown"], t("action.next"), { row: 1 }),
      hint: t("hint.move"),
      hintKeys: ["j", "k", "h", "l"],
    },
    step("list.previous", ["k", "arrowup"], t("action.previous"), { row: -1 }),
    step("board.left", ["h", "arrowleft"], t("action.columnLeft"), { column: -1 }),
    step("board.right", ["l", "arrowright"], t("action.columnRight"), { column: 1 }),
    { ...move("move-left", "mod+arrowleft", -1), ...(right ? {} : moveHint) },
    { ...move("move-right", "mod+arrowright", 1), ...(right ? moveHint : {}) },
    {
      id: "board.menu",
      keys: ["m"],
      scope: "list",
      label: t("board.moveShort"),
      hint: t("hint.moveMenu"),
      icon: Columns3,
      when: () => movable && card !== undefined,
      run: onMenu,
    },
    {
      id: "board.open",
      keys: ["enter"],
      scope: "list",
      label: t("action.openIssue"),
      hint: t("hint.open"),
      when: () => card !== undefined,
      keysOnly: true,
      run: onOpen,
    },
    {
      id: "board.new",
      keys: ["n"],
      scope: "list",
      label: t("newIssue.title"),
      hint: t("hint.new"),
      icon: Plus,
      when: () => movable,
      run: onNew,
    },
    {
      id: "board.search",
      keys: ["/"],
      scope: "list",
      label: t("issues.search"),
      icon: Search,
      run: () => document.querySelector<HTMLElement>("search input")?.focus(),
    },
  ]);
}
