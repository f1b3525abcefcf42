import { X } from "lucide-react";
import type { ReactNode } from "react";
import { t } from "@/i18n";
import { IconButton } from "./button";
import { cx } from "./cx";
import { ScrollRegion } from "./scroll-region";

/**
 * What is open of a list, beside it: 480 wide, over the list where there is no room for both, the whole page on
 * phones. It takes no focus, so that the list is walked while it shows each row.
 */
export function Drawer({
  label,
  title,
  actions,
  wide = false,
  onClose,
  children,
}: {
  /** For code and the like: 640 where there is room. */
  wide?: boolean;
  /** Its name for screen readers. */
  label: string;
  title: ReactNode;
  actions?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <aside
      aria-label={label}
      className={cx(
        wide ? "w-[480px] xl:w-[640px]" : "w-[480px]",
        "flex flex-none flex-col border-line border-l bg-surface max-lg:absolute max-lg:inset-y-0 max-lg:right-0 max-lg:z-20 max-lg:shadow-float max-md:left-0 max-md:w-auto max-md:border-l-0",
      )}
    >
      <header className="flex min-h-11 flex-none items-center gap-2 border-line border-b py-1.5 pr-2 pl-4">
        <div className="min-w-0 flex-1">{title}</div>
        {actions}
        <IconButton label={t("common.close")} icon={X} onClick={onClose} />
      </header>
      <ScrollRegion label={label} className="min-h-0 flex-1 overflow-y-auto">
        {children}
      </ScrollRegion>
    </aside>
  );
}
