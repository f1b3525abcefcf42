import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { prefs } from "@/app/prefs";
import { usePrefs } from "@/app/use-prefs";
import { Icon } from "@/ui/icon";

/**
 * One line that opens: its heading, and in short what is behind it. Who opens it finds it open on the next
 * item too.
 */
export function Fold({
  id,
  title,
  short,
  children,
}: {
  id: "why" | "alike";
  title: string;
  short: ReactNode;
  children: ReactNode;
}) {
  const folds = usePrefs().folds ?? [];
  const open = folds.includes(id);
  const toggle = () => prefs.set({ folds: open ? folds.filter((f) => f !== id) : [...folds, id] });
  return (
    <section className="border-line not-first:border-t">
      <h3>
        <button
          type="button"
          aria-expanded={open}
          onClick={toggle}
          className="state flex min-h-8 w-full items-center gap-1.5 px-2 text-left text-dense hover:bg-hover pointer-coarse:min-h-10"
        >
          <Icon of={ChevronRight} size={13} className={open ? "rotate-90 text-fg-3" : "text-fg-3"} />
          <span className="flex-none font-550">{title}</span>
          <span className="min-w-0 truncate text-fg-3">{short}</span>
        </button>
      </h3>
      {open ? <div className="border-line border-t bg-surface">{children}</div> : null}
    </section>
  );
}
