import { initials } from "@/i18n/format";
import { cx } from "./cx";

const grounds = ["bg-(--av1)", "bg-(--av2)", "bg-(--av3)", "bg-(--av4)", "bg-(--av5)", "bg-(--av6)"];

/** The same name has the same colour everywhere. */
function ground(name: string): string {
  let sum = 0;
  for (const c of name) sum = (sum * 31 + (c.codePointAt(0) ?? 0)) % 9973;
  return grounds[sum % grounds.length] as string;
}

/** Initials in a round. Drawn beside the name, so it is hidden from screen readers. */
export function Avatar({ name, small = false }: { name: string; small?: boolean }) {
  return (
    <span
      aria-hidden="true"
      data-user=""
      className={cx(
        "forced-edge inline-grid flex-none place-items-center rounded-full leading-none font-semibold text-(--av-fg)",
        small ? "size-[18px] text-[8.5px]" : "size-5 text-[9.5px]",
        ground(name),
      )}
    >
      {initials(name)}
    </span>
  );
}
