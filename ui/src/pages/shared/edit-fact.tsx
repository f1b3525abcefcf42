import { ChevronDown, Pencil } from "lucide-react";
import { type ReactNode, useState } from "react";
import { t } from "@/i18n";
import { percent } from "@/i18n/format";
import { Input } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Menu, MenuChoice } from "@/ui/menu";

const face =
  "state group/fact -ml-1.5 inline-flex min-h-6 max-w-full min-w-0 items-center gap-1.5 rounded-1 px-1.5 text-left hover:bg-hover pointer-coarse:min-h-10";

/** A fact that is one of several values: a press opens the choice. */
export function PickFact<T extends string>({
  name,
  shown,
  value,
  options,
  confidence,
  onPick,
  open,
  onOpenChange,
}: {
  name: string;
  shown: ReactNode;
  value: T | string;
  options: { value: T; label: ReactNode; keys?: string }[];
  confidence?: number;
  onPick: (value: T) => void;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  const trigger = (
    <button
      type="button"
      className={face}
      title={confidence === undefined ? undefined : t("facts.sure", { percent: percent(confidence) })}
    >
      <span className="sr-only">{t("facts.change", { name })}</span>
      <span className="min-w-0 truncate">{shown}</span>
      <Icon
        of={ChevronDown}
        size={12}
        className="text-fg-3 opacity-0 group-hover/fact:opacity-100 group-focus-visible/fact:opacity-100 pointer-coarse:opacity-100"
      />
    </button>
  );
  return (
    <Menu trigger={trigger} open={open} onOpenChange={onOpenChange}>
      <MenuChoice<T> value={value as T} options={options} onChange={(v) => v !== value && onPick(v)} />
    </Menu>
  );
}

/** A fact in words: a press turns it into a field; Enter keeps, Escape leaves it. */
export function EditText({
  name,
  value,
  onSave,
}: {
  name: string;
  value: string;
  onSave: (value: string) => void;
}) {
  const [editing, setEditing] = useState(false);
  if (!editing) {
    return (
      <button type="button" className={face} onClick={() => setEditing(true)}>
        <span className="sr-only">{t("facts.change", { name })}</span>
        <span data-user={value ? "" : undefined} className={value ? "min-w-0 truncate" : "text-fg-3"}>
          {value || t("common.none")}
        </span>
        <Icon
          of={Pencil}
          size={11}
          className="text-fg-3 opacity-0 group-hover/fact:opacity-100 group-focus-visible/fact:opacity-100 pointer-coarse:opacity-100"
        />
      </button>
    );
  }
  const keep = (next: string) => {
    setEditing(false);
    if (next.trim() !== value) onSave(next.trim());
  };
  return (
    <Input
      autoFocus
      aria-label={name}
      defaultValue={value}
      className="!h-7 -ml-1.5 !px-1.5 !text-dense"
      onBlur={(e) => keep(e.target.value)}
      onKeyDown={(e) => {
        if (e.key === "Enter") keep(e.currentTarget.value);
        if (e.key === "Escape") setEditing(false);
      }}
    />
  );
}
