import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { t } from "@/i18n";
import { IconButton } from "./button";
import { cx } from "./cx";
import type { DialogProps } from "./dialog";
import { useReturnFocus } from "./return-focus";

// Loaded by dialog.tsx when the first dialog opens; nothing else may import this file.

export function DialogBody({ open, onClose, title, note, width = 480, children, footer }: DialogProps) {
  const back = useReturnFocus(open);
  return (
    <Base.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-(--backdrop)" />
        <Base.Popup
          finalFocus={back}
          className={cx(
            "float appear fixed top-[12dvh] left-1/2 z-50 flex max-h-[80dvh] -translate-x-1/2 flex-col overflow-hidden",
            "max-sm:inset-x-2 max-sm:top-2 max-sm:max-h-[calc(100dvh-16px)] max-sm:!w-auto max-sm:translate-x-0",
          )}
          style={{ width: `min(${width}px, calc(100vw - 32px))` }}
        >
          <header className="flex items-start gap-3 px-4 pt-3 pb-2">
            <div className="min-w-0 flex-1">
              <Base.Title className="text-pane font-semibold tracking-[-0.01em]">{title}</Base.Title>
              {note ? (
                <Base.Description className="mt-0.5 text-dense text-fg-2">{note}</Base.Description>
              ) : null}
            </div>
            <Base.Close render={<IconButton label={t("common.close")} icon={X} />} />
          </header>
          <div className="min-h-0 flex-1 overflow-auto px-4 pt-1 pb-4">{children}</div>
          {footer ? (
            <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-4 py-2.5">
              {footer}
            </footer>
          ) : null}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
