import { Popover as Base } from "@base-ui/react/popover";
import type { ReactNode, RefObject } from "react";
import { Adopt } from "./adopt";

// Loaded by popover.tsx when the first popover is about to open; nothing else may import this file.

export function PopoverBody({
  open,
  onOpenChange,
  anchor,
  triggerId,
  popupId,
  title,
  align,
  children,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  anchor: RefObject<HTMLElement | null>;
  triggerId: string;
  popupId: string;
  title: string;
  align: "start" | "end";
  children: ReactNode;
}) {
  return (
    <Base.Root open={open} onOpenChange={(next) => onOpenChange(next)}>
      <Base.Trigger id={triggerId} render={(props) => <Adopt of={anchor} as={props.ref} />} />
      <Base.Portal>
        <Base.Positioner anchor={anchor} align={align} sideOffset={6} className="z-50">
          <Base.Popup
            id={popupId}
            className="float appear flex max-h-[min(var(--available-height),560px)] w-80 max-w-[calc(100vw-16px)] flex-col overflow-hidden outline-none"
          >
            <Base.Title className="sr-only">{title}</Base.Title>
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
