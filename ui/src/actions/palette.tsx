import { Dialog } from "@base-ui/react/dialog";
import { Search } from "lucide-react";
import { type KeyboardEvent, useId, useState } from "react";
import { t } from "@/i18n";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { Kbd } from "@/ui/kbd";
import { useReturnFocus } from "@/ui/return-focus";
import { type Entry, groupEntries } from "./palette-entries";
import { useEntries } from "./use-entries";

/** Everything that can be done or found, by typing. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [cursor, setCursor] = useState(0);
  const entries = useEntries(typed);
  const groups = groupEntries(entries);
  const id = useId();
  const back = useReturnFocus(true);
  const at = Math.min(cursor, Math.max(0, entries.length - 1));

  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    // After the dialog has given the focus back, so that the action may move it.
    requestAnimationFrame(() => entry.run());
  };
  const onKeyDown = (e: KeyboardEvent) => {
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (step) {
      e.preventDefault();
      const next = (at + step + entries.length) % Math.max(1, entries.length);
      setCursor(next);
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (e.key === "Enter") {
      e.preventDefault();
      choose(entries[at]);
    }
  };

  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-(--backdrop)" />
        <Dialog.Popup
          finalFocus={back}
          className="float appear fixed top-[12dvh] left-1/2 z-50 flex max-h-[64dvh] w-[min(600px,calc(100vw-24px))] -translate-x-1/2 flex-col overflow-hidden"
        >
          <Dialog.Title className="sr-only">{t("action.palette")}</Dialog.Title>
          <div className="flex h-11 flex-none items-center gap-2.5 border-line border-b px-3.5">
            <Icon of={Search} className="text-fg-3" />
            <input
              autoFocus
              role="combobox"
              aria-expanded={entries.length > 0}
              aria-controls={`${id}-list`}
              aria-activedescendant={entries.length ? `${id}-${at}` : undefined}
              aria-label={t("palette.open")}
              placeholder={t("palette.open")}
              className="h-full min-w-0 flex-1 bg-transparent text-quote outline-none"
              value={typed}
              onChange={(e) => {
                setTyped(e.target.value);
                setCursor(0);
              }}
              onKeyDown={onKeyDown}
            />
            <Kbd keys="escape" />
          </div>
          <div
            id={`${id}-list`}
            role="listbox"
            aria-label={t("palette.results")}
            className="min-h-0 overflow-auto p-1.5"
          >
            {groups.map((g) => (
              // biome-ignore lint/a11y/useSemanticElements: a group of options of a listbox
              <div key={g.name} role="group" aria-label={g.name}>
                <p aria-hidden="true" className="px-2 pt-1.5 pb-1 text-meta text-fg-3">
                  {g.name}
                </p>
                {g.entries.map(({ entry, index }) => (
                  <Option
                    key={entry.id}
                    id={`${id}-${index}`}
                    entry={entry}
                    active={index === at}
                    onChoose={choose}
                    onPoint={() => setCursor(index)}
                  />
                ))}
              </div>
            ))}
          </div>
          {/* Heard, not seen: how many there are now. */}
          <p role="status" className="sr-only">
            {t("palette.count", { count: entries.length })}
          </p>
          {entries.length === 0 ? (
            <p className="px-4 pb-4 text-fg-2">
              {t("palette.none", { text: typed })} {t("palette.hint")}
            </p>
          ) : null}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Option({
  id,
  entry,
  active,
  onChoose,
  onPoint,
}: {
  id: string;
  entry: Entry;
  active: boolean;
  onChoose: (e: Entry) => void;
  onPoint: () => void;
}) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the combobox that controls this list
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      onClick={() => onChoose(entry)}
      onPointerMove={onPoint}
      className={cx(
        "flex min-h-8 cursor-default items-center gap-2.5 rounded-1 px-2 pointer-coarse:min-h-10",
        active && "bg-selected",
      )}
    >
      {entry.icon ? <Icon of={entry.icon} size={15} className="text-fg-3" /> : <span className="w-[15px]" />}
      {entry.code ? <span className="id flex-none text-fg-3">{entry.code}</span> : null}
      <span data-user={entry.user ? "" : undefined} dir="auto" className="min-w-0 flex-1 truncate">
        {entry.label}
      </span>
      {entry.keys ? <Kbd keys={entry.keys} /> : null}
    </div>
  );
}
