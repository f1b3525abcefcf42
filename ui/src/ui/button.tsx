import type { LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "./cx";
import { Icon } from "./icon";
import { Kbd } from "./kbd";

export type ButtonLook = "plain" | "primary" | "ghost" | "danger";

const looks: Record<ButtonLook, string> = {
  plain: "border-line-strong bg-surface text-fg hover:bg-hover",
  primary: "border-accent bg-accent text-accent-fg hover:bg-accent-hover hover:border-accent-hover",
  ghost: "border-transparent text-fg-2 hover:bg-hover hover:text-fg",
  danger: "border-line-strong bg-surface text-critical hover:bg-critical-soft",
};

export function buttonClass(look: ButtonLook = "plain", size: "md" | "sm" = "md", extra?: string): string {
  return cx(
    "state inline-flex flex-none items-center justify-center gap-1.5 rounded-2 border font-medium whitespace-nowrap",
    "disabled:cursor-default disabled:opacity-55 pointer-coarse:min-h-10",
    size === "md" ? "h-7 px-2.5 text-dense" : "h-6 px-2 text-meta",
    looks[look],
    extra,
  );
}

export interface ButtonProps extends ComponentProps<"button"> {
  look?: ButtonLook;
  size?: "md" | "sm";
  icon?: LucideIcon;
  keys?: string;
  children?: ReactNode;
}

export function Button({
  look,
  size,
  icon,
  keys,
  className,
  children,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button type={type} className={buttonClass(look, size, className)} {...rest}>
      {icon ? <Icon of={icon} size={14} /> : null}
      {children}
      {keys ? <Kbd keys={keys} quiet={look === "primary"} /> : null}
    </button>
  );
}

/** A square button with a drawing only: the label is its name and its tooltip. */
export function IconButton({
  label,
  icon,
  look = "ghost",
  className,
  size = 15,
  ...rest
}: Omit<ComponentProps<"button">, "children"> & {
  label: string;
  icon: LucideIcon;
  look?: ButtonLook;
  size?: number;
}) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={buttonClass(look, "md", cx("w-7 !px-0 pointer-coarse:min-w-10", className))}
      {...rest}
    >
      <Icon of={icon} size={size} />
    </button>
  );
}
