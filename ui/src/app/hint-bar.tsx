import { registry } from "@/actions/registry";
import { useRegistered } from "@/actions/use-actions";
import { Kbd } from "@/ui/kbd";
import { usePrefs } from "./use-prefs";

/** The keys that matter now, at the foot of the page. Not on narrow screens and not where fingers point. */
export function HintBar() {
  useRegistered();
  const { singleKeys } = usePrefs();
  const actions = registry.available().filter((a) => a.hint && a.keys?.length);
  const shown = singleKeys ? actions : actions.filter((a) => a.keys?.[0]?.includes("mod+"));
  const local = [...shown.filter((a) => a.scope === "list"), ...shown.filter((a) => a.scope === "item")];
  const global = shown.filter((a) => a.scope === "global");
  return (
    <footer className="flex h-[34px] flex-none items-center gap-[18px] overflow-hidden border-line border-t px-4 text-[12px] whitespace-nowrap text-fg-2 max-md:hidden pointer-coarse:hidden">
      {local.map((a) => (
        <span key={a.id} className="inline-flex items-center gap-[5px]">
          {(a.hintKeys ?? a.keys?.slice(0, 1) ?? []).map((k) => (
            <Kbd key={k} keys={k} />
          ))}
          {a.hint}
        </span>
      ))}
      <span className="flex-1" />
      {global.map((a) => (
        <button
          key={a.id}
          type="button"
          className="inline-flex min-h-6 items-center gap-[5px] hover:text-fg"
          onClick={a.run}
        >
          <Kbd keys={a.keys?.[0] ?? ""} />
          {a.hint}
        </button>
      ))}
    </footer>
  );
}
