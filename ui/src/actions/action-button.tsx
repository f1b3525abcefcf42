import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { usePrefs } from "@/app/use-prefs";
import { Button, type ButtonLook, IconButton } from "@/ui/button";
import { ariaKeys, isSingleKey, showKeys } from "./keys";
import { type Action, registry } from "./registry";
import { useRegistered } from "./use-actions";

interface Bound {
  /** The action as it is registered now; undefined in the first moment of a page. */
  action: Action | undefined;
  title: string | undefined;
  disabled: boolean;
  keys: string | undefined;
}

/** What a button needs of its action: label and keys for its tooltip, and whether it can be pressed now. */
export function useBound(id: string): Bound {
  const all = useRegistered();
  const { singleKeys } = usePrefs();
  const action = all.find((a) => a.id === id);
  const first = action?.keys?.[0];
  const keys = first && (singleKeys || !isSingleKey(first)) ? first : undefined;
  return {
    action,
    keys,
    title: action ? tip(action.label, keys) : undefined,
    disabled: action?.when?.() === false,
  };
}

/** The text of a tooltip: what it does and the keys that do it, "Accept as a new issue  ↵". */
export function tip(label: string, keys: string | undefined): string {
  return keys ? `${label}  ${showKeys(keys).join(" ")}` : label;
}

interface Props {
  /** The id of a registered action. */
  action: string;
  className?: string;
}

/** A button for an action: it does the same as the key, is dead when the key is, and names the key. */
export function ActionButton({
  action: id,
  look,
  size,
  icon,
  children,
  className,
}: Props & { look?: ButtonLook; size?: "md" | "sm"; icon?: LucideIcon; children: ReactNode }) {
  const { action, title, disabled, keys } = useBound(id);
  return (
    <Button
      look={look}
      size={size}
      icon={icon ?? action?.icon}
      title={title}
      disabled={disabled}
      aria-keyshortcuts={keys && ariaKeys(keys)}
      className={className}
      onClick={() => registry.find(id)?.run()}
    >
      {children}
    </Button>
  );
}

/** The same as a drawing; `label` is its name until the action is there. */
export function ActionIconButton({
  action: id,
  label,
  icon,
  className,
}: Props & { label: string; icon: LucideIcon }) {
  const { action, title, disabled, keys } = useBound(id);
  return (
    <IconButton
      label={action?.label ?? label}
      title={title ?? label}
      icon={icon}
      disabled={disabled}
      aria-keyshortcuts={keys && ariaKeys(keys)}
      className={className}
      onClick={() => registry.find(id)?.run()}
    />
  );
}
