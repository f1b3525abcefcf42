import { t } from "@/i18n";
import { Dialog } from "@/ui/dialog";
import { Kbd } from "@/ui/kbd";
import { ScrollRegion } from "@/ui/scroll-region";
import { type Action, registry, type Scope } from "./registry";
import { useRegistered } from "./use-actions";

const order: Exclude<Scope, "notice">[] = ["item", "list", "global"];

/** Every key that works here, from the same registry that answers them. */
export function KeySheet({ onClose }: { onClose: () => void }) {
  const all = useRegistered();
  const seen = new Set<string>();
  const actions = all.filter(
    (a) => a.keys?.length && !seen.has(a.id) && seen.add(a.id) && registry.find(a.id) === a,
  );
  return (
    <Dialog open onClose={onClose} title={t("keys.title")} note={t("keys.note")} width={640}>
      <ScrollRegion label={t("keys.title")} className="gap-5 sm:columns-2">
        {order.map((scope) => {
          const rows = actions.filter((a) => a.scope === scope);
          return rows.length ? <Group key={scope} name={t(`keys.${scope}`)} rows={rows} /> : null;
        })}
      </ScrollRegion>
    </Dialog>
  );
}

function Group({ name, rows }: { name: string; rows: Action[] }) {
  return (
    <section className="mb-5">
      <h3 className="mb-1 text-[12px] font-semibold">{name}</h3>
      <ul>
        {rows.map((a) => (
          <li key={a.id} className="flex min-h-7 items-center gap-3 border-line border-t text-dense">
            <span className="min-w-0 flex-1">{a.label}</span>
            <span className="flex flex-wrap justify-end gap-1.5">
              {a.keys?.map((k) => (
                <span key={k} className="inline-flex">
                  <span className="sr-only">{k}</span>
                  <Kbd keys={k} />
                </span>
              ))}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
