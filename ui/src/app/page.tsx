import { Search } from "lucide-react";
import type { ReactNode } from "react";
import { t } from "@/i18n";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { Kbd } from "@/ui/kbd";
import { LiveDot } from "./live";
import { overlays } from "./overlay";
import { useTitle } from "./title";

/** A page with one column: bar of 44 with the command box, then a title line, then what it is about. */
export function Page({
  title,
  note,
  actions,
  aside,
  drawer,
  wide = false,
  children,
}: {
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  /** At the far end of the title line. */
  aside?: ReactNode;
  /** A column of its own at the right edge, for what is open. */
  drawer?: ReactNode;
  /** It takes all the room there is: tables with many columns. */
  wide?: boolean;
  children: ReactNode;
}) {
  useTitle(title);
  return (
    <main className="flex flex-col">
      <div className="flex h-11 flex-none items-center gap-2.5 border-line border-b px-5 max-sm:px-3">
        <button
          type="button"
          onClick={() => overlays.show("palette")}
          className="state flex h-7 w-[300px] min-w-0 items-center gap-2 rounded-2 border border-line bg-surface pr-1.5 pl-2.5 text-dense text-fg-3 hover:border-line-strong"
        >
          <Icon of={Search} size={14} />
          <span className="flex-1 truncate text-left">{t("palette.open")}</span>
          <span className="max-md:hidden pointer-coarse:hidden">
            <Kbd keys="mod+k" />
          </span>
        </button>
        <span className="flex-1" />
        <LiveDot wordy />
        {actions}
      </div>
      <div className="relative flex min-h-0 flex-1">
        <div className="min-w-0 flex-1 overflow-auto">
          <div
            className={cx(
              "mx-auto flex min-h-full flex-col gap-3 px-5 pt-3 pb-5 max-sm:px-3",
              wide ? "" : "max-w-[1320px]",
            )}
          >
            <div className="flex flex-wrap items-end gap-x-3">
              <h1 className="text-page font-semibold tracking-[-0.014em]">{title}</h1>
              {note ? <p className="pb-0.5 text-fg-2">{note}</p> : null}
              {aside}
            </div>
            {children}
          </div>
        </div>
        {drawer}
      </div>
    </main>
  );
}
