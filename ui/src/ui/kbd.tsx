import { showKeys } from "@/actions/keys";
import { cx } from "./cx";

/** The keys of an action, one cap for each press: "mod+k", "g i", "shift+enter". */
export function Kbd({ keys, quiet = false }: { keys: string; quiet?: boolean }) {
  return (
    <span className="inline-flex gap-[3px]" aria-hidden="true">
      {showKeys(keys).map((cap) => (
        <kbd
          key={cap}
          className={cx(
            "inline-grid h-[17px] min-w-[17px] place-items-center rounded-1 border px-1 font-ui text-[10.5px] leading-4 font-medium",
            quiet ? "border-current/35 text-current" : "border-line-strong bg-surface text-fg-2",
          )}
        >
          {cap}
        </kbd>
      ))}
    </span>
  );
}
