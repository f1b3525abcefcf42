import { Filter, FilterX, ListRestart, Pause, Terminal } from "lucide-react";
import { useCopyLink } from "@/actions/copy-link";
import { useActions } from "@/actions/use-actions";
import type { Call } from "@/api/types";
import { t } from "@/i18n";
import { type CellName, nextCell, tokenOf } from "./columns";

interface Props {
  count: number;
  /** The call under the cursor, or the one that is open. */
  here: Call | undefined;
  cell: CellName;
  open: boolean;
  canPause: boolean;
  paused: boolean;
  waiting: number;
  onStep: (by: 1 | -1) => void;
  onCell: (cell: CellName) => void;
  onFilter: (token: string) => void;
  onPause: () => void;
  onShow: () => void;
  onOpen: (call: Call) => void;
  onCurl: (call: Call) => void;
  onClose: () => void;
}

/** What can be done with calls by keys: walk, filter by a cell, hold the tail, copy. */
export function useCallActions(p: Props): void {
  const token = p.here && tokenOf(p.here, p.cell);
  useCopyLink(p.here && `/gateway/calls?call=${p.here.id}`, "list");
  useActions([
    {
      id: "list.next",
      keys: ["j", "arrowdown"],
      scope: "list",
      label: t("action.next"),
      hint: t("hint.move"),
      hintKeys: ["j", "k"],
      when: () => p.count > 0,
      keysOnly: true,
      run: () => p.onStep(1),
    },
    {
      id: "list.previous",
      keys: ["k", "arrowup"],
      scope: "list",
      label: t("action.previous"),
      when: () => p.count > 0,
      keysOnly: true,
      run: () => p.onStep(-1),
    },
    {
      id: "calls.open",
      keys: ["enter"],
      scope: "list",
      label: t("action.openCall"),
      hint: t("hint.open"),
      when: () => p.here !== undefined,
      keysOnly: true,
      run: () => p.here && p.onOpen(p.here),
    },
    {
      id: "calls.cell-left",
      keys: ["arrowleft"],
      scope: "list",
      label: t("action.cellLeft"),
      when: () => p.here !== undefined,
      keysOnly: true,
      run: () => p.here && p.onCell(nextCell(p.here, p.cell, -1)),
    },
    {
      id: "calls.cell-right",
      keys: ["arrowright"],
      scope: "list",
      label: t("action.cellRight"),
      when: () => p.here !== undefined,
      keysOnly: true,
      run: () => p.here && p.onCell(nextCell(p.here, p.cell, 1)),
    },
    {
      id: "calls.filter",
      keys: ["f"],
      scope: "list",
      label: token ? t("action.filterBy", { token }) : t("action.filterByCell"),
      hint: t("hint.filter"),
      icon: Filter,
      when: () => token !== undefined,
      run: () => token && p.onFilter(token),
    },
    {
      id: "calls.exclude",
      keys: ["shift+f"],
      scope: "list",
      label: token ? t("action.leaveOut", { token }) : t("action.leaveOutCell"),
      icon: FilterX,
      when: () => token !== undefined && p.cell !== "ms",
      run: () => token && p.onFilter(`-${token}`),
    },
    {
      id: "calls.pause",
      keys: ["space"],
      scope: "list",
      label: t(p.paused ? "action.resumeTail" : "action.pauseTail"),
      hint: t(p.paused ? "hint.resume" : "hint.pause"),
      icon: Pause,
      when: () => p.canPause,
      run: p.onPause,
    },
    {
      id: "calls.show-new",
      keys: ["n"],
      scope: "list",
      label: t("action.showNew"),
      icon: ListRestart,
      when: () => p.waiting > 0,
      run: p.onShow,
    },
    {
      id: "calls.curl",
      keys: ["c u"],
      scope: "list",
      label: t("action.copyCurl"),
      icon: Terminal,
      when: () => p.here !== undefined,
      run: () => p.here && p.onCurl(p.here),
    },
    {
      id: "calls.close",
      keys: ["escape"],
      scope: "item",
      label: t("action.closeDrawer"),
      when: () => p.open,
      keysOnly: true,
      run: p.onClose,
    },
  ]);
}
