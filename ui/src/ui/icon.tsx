import type { LucideIcon } from "lucide-react";
import { cx } from "./cx";

/** A drawing beside a word. It has no name of its own: whatever holds it must have one. */
export function Icon({
  of: Drawing,
  size = 16,
  className,
}: {
  of: LucideIcon;
  size?: number;
  className?: string;
}) {
  return <Drawing size={size} strokeWidth={1.6} className={cx("flex-none", className)} aria-hidden="true" />;
}
