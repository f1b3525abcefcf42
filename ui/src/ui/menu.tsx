import { Menu as Base } from "@base-ui/react/menu";
import { Check, type LucideIcon } from "lucide-react";
import type { KeyboardEvent, ReactElement, ReactNode } from "react";
import { t } from "@/i18n";
import { cx } from "./cx";
import { Icon } from "./icon";
import { Kbd } from "./kbd";

const row =
  "flex min-h-7 cursor-default items-center gap-2 rounded-1 px-2 text-dense outline-none select-none pointer-coarse:min-h-10 data-highlighted:bg-hover data-disabled:opacity-55 forced-colors:data-highlighted:outline-2";

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
  side?: "bottom" | "right" | "top";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** Keys of the menu's own, before it takes letters for the start of a name. */
  onKeyDown?: (e: KeyboardEvent) => void;
}) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner
          side={side}
          align={align}
          sideOffset={4}
          className="z-50 outline-none"
          // The portal is outside of every landmark, so it brings its own.
          role="region"
          aria-label={t("common.menu")}
        >
          <Base.Popup
            onKeyDownCapture={onKeyDown}
            className="float appear max-h-(--available-height) min-w-44 max-w-80 overflow-auto p-1 outline-none"
          >
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export function MenuItem({
  icon,
  keys,
  onClick,
  danger = false,
  disabled,
  current,
  children,
}: {
  icon?: LucideIcon;
  keys?: string;
  onClick: () => void;
  danger?: boolean;
  disabled?: boolean;
  /** This is what is open now. */
  current?: boolean;
  children: ReactNode;
}) {
  return (
    <Base.Item
      className={cx(row, danger && "text-critical", current && "font-550")}
      onClick={onClick}
      disabled={disabled}
      aria-current={current ? "true" : undefined}
    >
      {icon ? <Icon of={icon} size={14} className={danger ? undefined : "text-fg-3"} /> : null}
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {keys ? <Kbd keys={keys} /> : null}
    </Base.Item>
  );
}

/** One of several values; the present one is ticked. */
export function MenuChoice<T extends string>({
  value,
  options,
  onChange,
}: {
  value: T;
  options: { value: T; label: ReactNode; keys?: string }[];
  onChange: (value: T) => void;
}) {
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

export function MenuGroup({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Base.Group>
      <Base.GroupLabel className="px-2 pt-1.5 pb-1 text-meta text-fg-3">{label}</Base.GroupLabel>
      {children}
    </Base.Group>
  );
}

export const MenuLine = () => <Base.Separator className="mx-1 my-1 h-px bg-line" />;
