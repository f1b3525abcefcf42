import { ArrowUp, RotateCw } from "lucide-react";
import { t } from "@/i18n";
import { type LiveList, useNews } from "@/live/news";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";

/** "12 new", or "Changed elsewhere": what happened while somebody was reading waits here until it is asked for. */
export function NewsPill({
  list,
  launchId,
  onShow,
  className,
}: {
  list: LiveList;
  launchId: string;
  onShow: () => void;
  className?: string;
}) {
  const { arrived, changed } = useNews(list, launchId);
  return (
    <div
      role="status"
      className={cx("pointer-events-none absolute inset-x-0 top-2 z-20 grid justify-items-center", className)}
    >
      {arrived > 0 || changed ? (
        <button
          type="button"
          onClick={onShow}
          title={t("news.show")}
          className="appear pointer-events-auto inline-flex h-7 items-center gap-1.5 rounded-full bg-accent px-3 text-dense font-medium text-accent-fg shadow-float hover:bg-accent-hover pointer-coarse:h-10"
        >
          <Icon of={arrived > 0 ? ArrowUp : RotateCw} size={13} />
          {arrived > 0 ? t("news.arrived", { count: arrived }) : t("news.changed")}
        </button>
      ) : null}
    </div>
  );
}
