import {
  type ComponentProps,
  cloneElement,
  type KeyboardEvent,
  type MouseEvent,
  type ReactElement,
  type RefObject,
  useId,
  useRef,
  useState,
} from "react";
import { failedPart } from "./failed-part";
import type { Part } from "./part";

/** Where the highlight starts when the popup opens: nowhere for a mouse, on an end for keys. */
export type Entry = "none" | "first" | "last";

interface Options<T> {
  trigger: ReactElement;
  kind: "menu" | "dialog";
  body: Part<T>;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}

export interface Triggered<T> {
  /** The trigger, wired: it is one and the same element before and after the popup's code is there. */
  trigger: ReactElement;
  /** The code of the popup; undefined until it is needed and there. */
  body: T | undefined;
  open: boolean;
  setOpen: (open: boolean) => void;
  anchor: RefObject<HTMLElement | null>;
  triggerId: string;
  popupId: string;
  entry: Entry;
}

/**
 * What a menu and a popover have in common: a trigger that is drawn, named and pressable at once, while
 * the code of what it opens is fetched at the first sign of interest and no press is lost meanwhile.
 */
export function useTriggered<T>({ trigger, kind, body, open, onOpenChange }: Options<T>): Triggered<T> {
  const [own, setOwn] = useState(false);
  const shown = open ?? own;
  const [entry, setEntry] = useState<Entry>("first");
  const anchor = useRef<HTMLElement>(null);
  const id = useId();
  const props = (trigger as ReactElement<ComponentProps<"button">>).props;
  const triggerId = props.id ?? `${id}-trigger`;
  const popupId = `${id}-popup`;
  const setOpen = (next: boolean) => {
    setOwn(next);
    onOpenChange?.(next);
    // What is opened from elsewhere, by a key of the page, is entered by keys as well.
    if (!next) setEntry("first");
  };
  const code = body.use(shown, (why) => {
    setOpen(false);
    failedPart(why);
  });
  const warm = () => void body.warm().catch(() => undefined);
  const wired = cloneElement(trigger as ReactElement<ComponentProps<"button">>, {
    id: triggerId,
    ref: (el: HTMLButtonElement | null) => {
      anchor.current = el;
      if (typeof props.ref === "function") props.ref(el);
      else if (props.ref) props.ref.current = el;
    },
    "aria-haspopup": kind,
    "aria-expanded": shown,
    "aria-controls": shown && code ? popupId : undefined,
    onPointerDown: (e: React.PointerEvent<HTMLButtonElement>) => {
      props.onPointerDown?.(e);
      warm();
    },
    onPointerEnter: (e: React.PointerEvent<HTMLButtonElement>) => {
      props.onPointerEnter?.(e);
      warm();
    },
    onClick: (e: MouseEvent<HTMLButtonElement>) => {
      props.onClick?.(e);
      if (e.defaultPrevented) return;
      // A click without a pointer is Enter or the space bar.
      setEntry(e.detail === 0 ? "first" : "none");
      setOpen(!shown);
    },
    onKeyDown: (e: KeyboardEvent<HTMLButtonElement>) => {
      props.onKeyDown?.(e);
      warm();
      if (kind !== "menu" || shown || (e.key !== "ArrowDown" && e.key !== "ArrowUp")) return;
      e.preventDefault();
      setEntry(e.key === "ArrowUp" ? "last" : "first");
      setOpen(true);
    },
  });
  return { trigger: wired, body: code, open: shown, setOpen, anchor, triggerId, popupId, entry };
}
