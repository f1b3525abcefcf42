import { GitMerge, Tag as TagIcon, X } from "lucide-react";
import { useState } from "react";
import type { Issue, IssueBulk } from "@/api/types";
import { t } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Input } from "@/ui/field";
import { Popover } from "@/ui/popover";
import { Tag } from "@/ui/tag";
import { IssueMenu, type MenuName } from "./issue-menus";

interface Props {
  marked: Issue[];
  total: number;
  menu: MenuName | undefined;
  onMenu: (menu: MenuName | undefined) => void;
  onChange: (change: IssueBulk, owner?: { id: string; name: string }) => void;
  onMerge: () => void;
  onAll: () => void;
  onClear: () => void;
}

/** What can be done with the marked issues, over the foot of the list. */
export function IssueBulkBar({ marked, total, menu, onMenu, onChange, onMerge, onAll, onClear }: Props) {
  if (marked.length === 0) return null;
  return (
    <section
      aria-label={t("bulk.title")}
      className="appear sticky bottom-3 z-20 mx-auto flex max-w-full flex-none flex-wrap items-center gap-1.5 rounded-3 border border-line-strong bg-raised px-3 py-2 shadow-float"
    >
      <span role="status" className="num mr-1 text-dense font-550">
        {t("bulk.count", { count: marked.length })}
      </span>
      {marked.length < Math.min(total, mostMarked) ? (
        <Button size="sm" look="ghost" keys="shift+x" onClick={onAll}>
          {t("bulk.all", { count: Math.min(total, mostMarked) })}
        </Button>
      ) : null}
      {(["stage", "severity", "owner"] as const).map((name) => (
        <IssueMenu
          key={name}
          name={name}
          value={shared(marked, name)}
          open={menu === name}
          onOpenChange={(open) => onMenu(open ? name : undefined)}
          onPick={onChange}
          trigger={<Button size="sm">{t(`facet.${name}`)}</Button>}
        />
      ))}
      <Tags marked={marked} onChange={onChange} />
      {marked.length > 1 ? (
        <Button size="sm" icon={GitMerge} onClick={onMerge}>
          {t("bulk.merge")}
        </Button>
      ) : null}
      <IconButton label={t("bulk.clear")} icon={X} onClick={onClear} />
    </section>
  );
}

/** As many as the server changes in one act. */
export const mostMarked = 500;

/** The value that all of them have, or none. */
export function shared(list: Issue[], name: MenuName): string | undefined {
  const values = new Set(list.map((i) => (name === "owner" ? (i.owner?.id ?? "") : i[name])));
  return values.size === 1 ? [...values][0] : undefined;
}

function Tags({ marked, onChange }: Pick<Props, "marked" | "onChange">) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const known = [...new Set(marked.flatMap((i) => i.tags))].sort().slice(0, 12);
  const add = () => {
    const tags = typed
      .split(",")
      .map((x) => x.trim())
      .filter(Boolean);
    if (tags.length === 0) return;
    setOpen(false);
    setTyped("");
    onChange({ add_tags: tags });
  };
  return (
    <Popover
      align="start"
      title={t("facet.tag")}
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button size="sm" icon={TagIcon}>
          {t("facet.tag")}
        </Button>
      }
    >
      <form
        className="grid gap-2 p-3"
        onSubmit={(e) => {
          e.preventDefault();
          add();
        }}
      >
        <div className="flex gap-2">
          <Input
            autoFocus
            aria-label={t("bulk.addTag")}
            placeholder={t("bulk.addTag")}
            className="!h-7 !text-dense"
            value={typed}
            onChange={(e) => setTyped(e.target.value)}
          />
          <Button type="submit" look="primary" disabled={!typed.trim()}>
            {t("bulk.add")}
          </Button>
        </div>
        {known.length ? (
          <ul aria-label={t("bulk.removeTag")} className="flex flex-wrap gap-1">
            {known.map((tag) => (
              <li key={tag}>
                <button
                  type="button"
                  className="inline-flex min-h-6 items-center"
                  aria-label={t("bulk.removeTagNamed", { tag })}
                  onClick={() => {
                    setOpen(false);
                    onChange({ remove_tags: [tag] });
                  }}
                >
                  <Tag>
                    {tag}
                    <X size={11} aria-hidden="true" />
                  </Tag>
                </button>
              </li>
            ))}
          </ul>
        ) : null}
      </form>
    </Popover>
  );
}
