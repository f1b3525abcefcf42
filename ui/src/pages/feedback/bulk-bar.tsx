import { Check, CircleSlash, Clock, Ellipsis, Layers, Link2, Tag, X } from "lucide-react";
import { registry } from "@/actions/registry";
import { t } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Menu, MenuItem, MenuLine } from "@/ui/menu";
import { maxMarks } from "./use-marks";

const run = (id: string) => () => registry.find(id)?.run();

/**
 * What can be done with the selected ones, over the foot of the list. Everything here is an action of the
 * registry, so that keys and palette do the same.
 */
export function BulkBar({
  count,
  total,
  onClear,
}: {
  count: number;
  /** How many the list holds in all, as far as it is known. */
  total: number | undefined;
  onClear: () => void;
}) {
  if (count === 0) return null;
  const all = total !== undefined && total > count && count < maxMarks;
  return (
    <section
      aria-label={t("bulk.title")}
      className="appear flex-none border-line border-t bg-selected px-3 pt-1.5 pb-2"
    >
      <div className="flex min-h-7 items-center gap-3">
        <span role="status" className="num font-550">
          {t("bulk.count", { count })}
        </span>
        {all ? (
          <button
            type="button"
            className="link min-h-6 text-dense pointer-coarse:min-h-10"
            onClick={run("list.mark-all")}
          >
            {total > maxMarks ? t("bulk.first", { count: maxMarks, total }) : t("bulk.all", { count: total })}
          </button>
        ) : null}
        <span className="flex-1" />
        <IconButton label={t("bulk.clear")} icon={X} onClick={onClear} />
      </div>
      <div className="mt-1 flex flex-wrap items-center gap-1.5">
        <Button
          size="sm"
          icon={Check}
          look="primary"
          onClick={run("bulk.accept")}
          title={t("bulk.acceptNote")}
        >
          {t("bulk.accept")}
        </Button>
        <Button size="sm" icon={Layers} onClick={run("bulk.group")} title={t("bulk.groupNote")}>
          {t("bulk.group")}
        </Button>
        <Button size="sm" icon={Clock} onClick={run("bulk.later")}>
          {t("bulk.later")}
        </Button>
        <Menu
          align="end"
          side="top"
          trigger={<IconButton label={t("bulk.more")} icon={Ellipsis} look="plain" className="!h-6" />}
        >
          <MenuItem icon={Link2} keys="l" onClick={run("bulk.join")}>
            {t("bulk.join")}
          </MenuItem>
          <MenuLine />
          <MenuItem keys="s" onClick={run("bulk.severity")}>
            {t("bulk.severity")}
          </MenuItem>
          <MenuItem keys="t" onClick={run("bulk.category")}>
            {t("bulk.category")}
          </MenuItem>
          <MenuItem keys="a" onClick={run("bulk.assign")}>
            {t("bulk.assign")}
          </MenuItem>
          <MenuItem icon={Tag} onClick={run("bulk.tag")}>
            {t("bulk.tag")}
          </MenuItem>
          <MenuLine />
          <MenuItem icon={CircleSlash} keys="e" onClick={run("bulk.ignore")}>
            {t("bulk.ignore")}
          </MenuItem>
        </Menu>
      </div>
    </section>
  );
}
