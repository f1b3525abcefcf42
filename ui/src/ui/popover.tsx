import type { ReactElement, ReactNode } from "react";
import { useOnce } from "./menu";
import { part } from "./part";
import { useTriggered } from "./trigger";

/** The code of popovers. Only triggers are part of a page. */
export const popoverPart = part(() => import("./popover-body"));

/** A small panel under its trigger, named by its title. */
export function Popover({
  trigger,
  title,
  children,
  open,
  onOpenChange,
  align = "end",
}: {
  trigger: ReactElement;
  title: string;
  children: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  align?: "start" | "end";
}) {
  const x = useTriggered({ trigger, kind: "dialog", body: popoverPart, open, onOpenChange });
  const needed = useOnce(x.open);
  return (
    <>
      {x.trigger}
      {x.body && needed ? (
        <x.body.PopoverBody
          open={x.open}
          onOpenChange={x.setOpen}
          anchor={x.anchor}
          triggerId={x.triggerId}
          popupId={x.popupId}
          title={title}
          align={align}
        >
          {children}
        </x.body.PopoverBody>
      ) : null}
    </>
  );
}
