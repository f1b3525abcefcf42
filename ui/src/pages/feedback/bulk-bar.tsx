import { Check, CircleSlash, Layers, X } from "lucide-react";
import { t } from "@/i18n";
import { Button, IconButton } from "@/ui/button";

/** What can be done with the marked ones, over the foot of the list. */
export function BulkBar({
  count,
  onAccept,
  onGroup,
  onIgnore,
  onClear,
}: {
  count: number;
  onAccept: () => void;
  onGroup: () => void;
  onIgnore: () => void;
  onClear: () => void;
}) {
  if (count === 0) return null;
  return (
    <section
      aria-label={t("bulk.title")}
      className="appear flex flex-none flex-wrap items-center gap-1.5 border-line border-t bg-selected px-3 py-2"
    >
      <span role="status" className="num mr-auto font-550">
        {t("bulk.count", { count })}
      </span>
      <Button size="sm" icon={Check} look="primary" onClick={onAccept} title={t("bulk.acceptNote")}>
        {t("bulk.accept")}
      </Button>
      <Button size="sm" icon={Layers} onClick={onGroup} title={t("bulk.groupNote")}>
        {t("bulk.group")}
      </Button>
      <Button size="sm" icon={CircleSlash} onClick={onIgnore}>
        {t("bulk.ignore")}
      </Button>
      <IconButton label={t("bulk.clear")} icon={X} onClick={onClear} />
    </section>
  );
}
