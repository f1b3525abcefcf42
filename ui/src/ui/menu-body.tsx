import { Menu as Base } from "@base-ui/react/menu";
import { Check } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useMemo, useRef } from "react";
import { t } from "@/i18n";
import { Adopt } from "./adopt";
import { cx } from "./cx";
import { Icon } from "./icon";
import { Kbd } from "./kbd";
import type { ChoiceProps, GroupProps, ItemProps, PointAt, Side } from "./menu";
import type { Entry } from "./trigger";

// Loaded by menu.tsx when the first menu is about to open; nothing else may import this file.

const row =
  "flex min-h-7 cursor-default items-center gap-2 rounded-1 px-2 text-dense outline-none select-none pointer-coarse:min-h-10 data-highlighted:bg-hover data-disabled:opacity-55 forced-colors:data-highlighted:outline-2 forced-colors:data-highlighted:-outline-offset-2 forced-colors:data-highlighted:outline-[Highlight]";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** The element that the focus goes back to; also where the menu hangs, unless `at` says where. */
  anchor: RefObject<HTMLElement | null>;
  at?: PointAt;
  triggerId: string;
  popupId: string;
  label?: string;
  entry: Entry;
  align: "start" | "end";
  side: Side;
  /** Keys of the menu's own, before it takes letters for the start of a name. */
  onKeyDown?: (e: KeyboardEvent) => void;
  children: React.ReactNode;
}

export function MenuBody(p: Props) {
  const popup = useRef<HTMLDivElement>(null);
  useEntry(popup, p.open, p.entry);
  // What had the focus gets it back by itself; where nothing had that keys reach, the trigger does.
  const reached = useRef(false);
  useMemo(() => {
    const at = document.activeElement;
    if (p.open) reached.current = at instanceof HTMLElement && at.tabIndex >= 0;
  }, [p.open]);
  return (
    <Base.Root open={p.open} onOpenChange={(next) => p.onOpenChange(next)}>
      <Base.Trigger id={p.triggerId} render={(props) => <Adopt of={p.anchor} as={props.ref} />} />
      <Base.Portal>
        <Base.Positioner
          anchor={p.at ? rectOf(p.at) : p.anchor}
          side={p.side}
          align={p.align}
          sideOffset={p.at ? 0 : 4}
          className="z-50 outline-none"
          // The portal is outside of every landmark, so it brings its own.
          role="region"
          aria-label={t("common.menu")}
        >
          <Base.Popup
            ref={popup}
            id={p.popupId}
            aria-label={p.label}
            finalFocus={() => (reached.current ? true : p.anchor.current)}
            onKeyDownCapture={p.onKeyDown}
            className="float appear max-h-(--available-height) max-w-80 min-w-44 overflow-auto p-1 outline-none"
          >
            {p.children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

const rectOf = (at: PointAt) => ({ getBoundingClientRect: () => new DOMRect(at.x, at.y, 0, 0) });

/** Who came by keys finds the present choice highlighted, or the first or last item. */
function useEntry(popup: RefObject<HTMLElement | null>, open: boolean, entry: Entry) {
  useEffect(() => {
    if (!open || entry === "none") return;
    // Base UI moves the focus into the popup in the next frame; the item takes it from there.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        const items = popup.current?.querySelectorAll<HTMLElement>(
          "[role^=menuitem]:not([aria-disabled=true])",
        );
        if (!items?.length || document.activeElement !== popup.current) return;
        const chosen = [...items].find((i) => i.getAttribute("aria-checked") === "true");
        const end = entry === "last" ? items[items.length - 1] : items[0];
        (entry === "last" ? end : (chosen ?? end))?.focus();
      });
    });
    return () => cancelAnimationFrame(frame);
  }, [popup, open, entry]);
}

export function Item({ icon, keys, onClick, danger = false, disabled, current, note, children }: ItemProps) {
  return (
    <Base.Item
      className={cx(row, danger && "text-critical", current && "font-550")}
      onClick={onClick}
      disabled={disabled}
      aria-current={current ? "true" : undefined}
    >
      {icon ? <Icon of={icon} size={14} className={danger ? undefined : "text-fg-3"} /> : null}
      {note ? (
        <span className="min-w-0 flex-1 py-1">
          <span className="block truncate">{children}</span>
          <span className="block text-meta text-fg-3">{note}</span>
        </span>
      ) : (
        <span className="min-w-0 flex-1 truncate">{children}</span>
      )}
      {keys ? <Kbd keys={keys} /> : null}
    </Base.Item>
  );
}

export function Choice<T extends string>({ value, options, onChange }: ChoiceProps<T>) {
  return (
    <Base.RadioGroup value={value} onValueChange={(v) => onChange(v as T)}>
      {options.map((o) => (
        <Base.RadioItem key={o.value} value={o.value} className={row} closeOnClick>
          <span className="flex min-w-0 flex-1 items-center gap-2 truncate">{o.label}</span>
          {o.keys ? <Kbd keys={o.keys} /> : null}
          <Base.RadioItemIndicator>
            <Icon of={Check} size={14} />
          </Base.RadioItemIndicator>
        </Base.RadioItem>
      ))}
    </Base.RadioGroup>
  );
}

export function Group({ label, children }: GroupProps) {
  return (
    <Base.Group>
      <Base.GroupLabel className="px-2 pt-1.5 pb-1 text-meta text-fg-3">{label}</Base.GroupLabel>
      {children}
    </Base.Group>
  );
}

export const Line = () => <Base.Separator className="mx-1 my-1 h-px bg-line" />;
