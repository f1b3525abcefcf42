import { ArrowDown, ArrowUp, CheckSquare, Filter, Search } from "lucide-react";
import type { RefObject } from "react";
import { useActions } from "@/actions/use-actions";
import { t } from "@/i18n";
import type { InboxData } from "./use-inbox-data";
import type { Marks } from "./use-marks";
import type { Verbs } from "./verbs";

interface Setting {
  data: InboxData;
  at: number;
  marks: Marks;
  verbs: Verbs;
  open: (id: string | undefined) => void;
  leave: (ids: string[], act: () => Promise<void>) => void;
  openFilter: () => void;
  searchField: RefObject<HTMLInputElement | null>;
}

/** What the keyboard can do with the list. What it can do with the open item is in the detail. */
export function useInboxActions({
  data,
  at,
  marks,
  verbs,
  open,
  leave,
  openFilter,
  searchField,
}: Setting): void {
  const rows = data.items;
  const step = (by: number) => {
    const to = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    if (to) open(to.id);
  };
  const here = () => rows[at];
  const some = () => rows.length > 0;
  const marking = () => marks.ids.size > 0;
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
      id: "list.clear",
      keys: ["escape"],
      scope: "list",
      label: t("bulk.clear"),
      when: marking,
      keysOnly: true,
      run: marks.clear,
    },
    {
      id: "bulk.accept",
      scope: "list",
      label: t("bulk.accept"),
      when: marking,
      run: () => leave([...marks.ids], () => verbs.acceptMany([...marks.ids], false)),
    },
    {
      id: "bulk.group",
      keys: ["shift+g"],
      scope: "list",
      label: t("bulk.group"),
      when: marking,
      run: () => leave([...marks.ids], () => verbs.acceptMany([...marks.ids], true)),
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
