import { type ReactNode, useState } from "react";
import { t } from "@/i18n";
import { Dialog } from "@/ui/dialog";
import { Input } from "@/ui/field";
import { Kbd } from "@/ui/kbd";

export interface PickOption {
  value: string;
  /** What typing narrows down by. */
  text: string;
  label: ReactNode;
  keys?: string;
}

/** One of several values for what is selected: type to narrow down, Enter takes the first. */
export function PickDialog({
  title,
  options,
  onPick,
  onClose,
}: {
  title: string;
  options: PickOption[];
  onPick: (value: string) => void;
  onClose: () => void;
}) {
  const [typed, setTyped] = useState("");
  const want = typed.trim().toLocaleLowerCase();
  const byKey = options.filter((o) => o.keys === want);
  const shown = byKey.length ? byKey : options.filter((o) => o.text.toLocaleLowerCase().includes(want));
  return (
    <Dialog open onClose={onClose} title={title} width={400}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (shown[0]) onPick(shown[0].value);
        }}
      >
        <Input
          autoFocus
          aria-label={t("bulk.filter")}
          placeholder={t("bulk.filter")}
          value={typed}
          onChange={(e) => setTyped(e.target.value)}
        />
      </form>
      <ul aria-label={title} className="-mx-2 mt-2 grid gap-px">
        {shown.map((o) => (
          <li key={o.value}>
            <button
              type="button"
              onClick={() => onPick(o.value)}
              className="state flex min-h-8 w-full items-center gap-2 rounded-2 px-2 text-left hover:bg-hover pointer-coarse:min-h-10"
            >
              <span className="flex min-w-0 flex-1 items-center gap-2">{o.label}</span>
              {o.keys ? <Kbd keys={o.keys} /> : null}
            </button>
          </li>
        ))}
      </ul>
      {shown.length === 0 ? <p className="mt-3 text-fg-2">{t("bulk.noMatch")}</p> : null}
    </Dialog>
  );
}
