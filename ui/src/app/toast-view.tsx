import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { t } from "@/i18n";
import { Icon } from "@/ui/icon";
import { Kbd } from "@/ui/kbd";
import { toasts } from "./toasts";

/** Toasts above the hint bar. The region is always there, so that screen readers hear what is put into it. */
export function Toasts() {
  const list = useSyncExternalStore(toasts.subscribe, toasts.list);
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed right-4 bottom-[46px] z-60 grid justify-items-end gap-2 max-sm:inset-x-3 max-sm:bottom-16"
    >
      {list.map((toast) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: pointing at it or focusing in it only keeps it longer
        <div
          key={toast.id}
          onPointerEnter={() => toasts.hold(toast.id)}
          onPointerLeave={() => toasts.release(toast.id)}
          onFocus={() => toasts.hold(toast.id)}
          onBlur={() => toasts.release(toast.id)}
          className="forced-edge appear pointer-events-auto flex min-h-[34px] max-w-[420px] items-center gap-2.5 rounded-2 bg-fg py-1 pr-2 pl-3 text-row text-canvas shadow-float"
        >
          <span className="min-w-0">{toast.text}</span>
          {toast.open ? (
            <button
              type="button"
              className="inline-flex min-h-6 items-center px-1 font-550 underline"
              onClick={() => {
                toasts.dismiss(toast.id);
                toast.open?.go();
              }}
            >
              {toast.open.label}
            </button>
          ) : null}
          {toast.undo ? (
            <button
              type="button"
              className="inline-flex min-h-6 items-center gap-1.5 px-1 font-550"
              onClick={() => {
                toasts.dismiss(toast.id);
                toast.undo?.();
              }}
            >
              {t("common.undo")}
              <Kbd keys="z" quiet />
            </button>
          ) : null}
          <button
            type="button"
            aria-label={t("common.dismiss")}
            className="grid size-6 place-items-center opacity-70 hover:opacity-100"
            onClick={() => toasts.dismiss(toast.id)}
          >
            <Icon of={X} size={13} />
          </button>
        </div>
      ))}
    </div>
  );
}
