import type { LucideIcon } from "lucide-react";
import {
  type KeyboardEvent,
  type ReactElement,
  type ReactNode,
  type RefObject,
  useId,
  useState,
} from "react";
import { failedPart } from "./failed-part";
import { part } from "./part";
import { useTriggered } from "./trigger";

/** The code of menus. Only triggers are part of the shell. */
export const menuPart = part(() => import("./menu-body"));

export type Side = "bottom" | "right" | "top";
export interface PointAt {
  x: number;
  y: number;
}

/** A menu under its trigger. The trigger is one element that can be pressed, such as a Button. */
export function Menu({
  trigger,
  children,
  align = "start",
  side = "bottom",
  open,
  onOpenChange,
  onKeyDown,
}: {
  trigger: ReactElement;
  children: ReactNode;
  align?: "start" | "end";
  side?: Side;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** Keys of the menu's own, before it takes letters for the start of a name. */
  onKeyDown?: (e: KeyboardEvent) => void;
}) {
  const x = useTriggered({ trigger, kind: "menu", body: menuPart, open, onOpenChange });
  const needed = useOnce(x.open);
  return (
    <>
      {x.trigger}
      {x.body && needed ? (
        <x.body.MenuBody
          open={x.open}
          onOpenChange={x.setOpen}
          anchor={x.anchor}
          triggerId={x.triggerId}
          popupId={x.popupId}
          entry={x.entry}
          align={align}
          side={side}
          onKeyDown={onKeyDown}
        >
          {children}
        </x.body.MenuBody>
      ) : null}
    </>
  );
}

/** A menu at a point of the page; the focus goes back to `from`. */
export function MenuAt({
  at,
  from,
  label,
  open,
  onClose,
  children,
}: {
  at: PointAt;
  from: RefObject<HTMLElement | null>;
  label: string;
  open: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  const id = useId();
  const body = menuPart.use(open, (why) => {
    onClose();
    failedPart(why);
  });
  if (!body) return null;
  return (
    <body.MenuBody
      open={open}
      onOpenChange={(next) => (next ? undefined : onClose())}
      anchor={from}
      at={at}
      triggerId={`${id}-from`}
      popupId={`${id}-popup`}
      label={label}
      entry="first"
      align="start"
      side="bottom"
    >
      {children}
    </body.MenuBody>
  );
}

/** True from the first time on that it was true: what was opened stays, so that closing can end well. */
export function useOnce(now: boolean): boolean {
  const [ever, setEver] = useState(now);
  if (now && !ever) setEver(true);
  return ever || now;
}

export interface ItemProps {
  icon?: LucideIcon;
  keys?: string;
  /** What it will do, in a line of its own. */
  note?: ReactNode;
  onClick: () => void;
  danger?: boolean;
  disabled?: boolean;
  /** This is what is open now. */
  current?: boolean;
  children: ReactNode;
}
export interface ChoiceProps<T extends string> {
  value: T;
  options: { value: T; label: ReactNode; keys?: string }[];
  onChange: (value: T) => void;
}
export interface GroupProps {
  label: string;
  children: ReactNode;
}

// The parts of a menu are only ever drawn inside an open one, when its code is there.

export function MenuItem(props: ItemProps) {
  const body = menuPart.get();
  return body ? <body.Item {...props} /> : null;
}

/** One of several values; the present one is ticked. */
export function MenuChoice<T extends string>(props: ChoiceProps<T>) {
  const body = menuPart.get();
  return body ? <body.Choice {...props} /> : null;
}

export function MenuGroup(props: GroupProps) {
  const body = menuPart.get();
  return body ? <body.Group {...props} /> : null;
}

export function MenuLine() {
  const body = menuPart.get();
  return body ? <body.Line /> : null;
}
