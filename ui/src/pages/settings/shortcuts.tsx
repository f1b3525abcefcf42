import { type KeyboardEvent, useState } from "react";
import { distinct, type Known, known, takenBy } from "@/actions/catalogue";
import { isSingleKey, pressOf, showKeys } from "@/actions/keys";
import { keysWith, type Scope } from "@/actions/registry";
import { prefs } from "@/app/prefs";
import { usePrefs } from "@/app/use-prefs";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Checkbox } from "@/ui/field";
import { Kbd } from "@/ui/kbd";
import { Panel } from "@/ui/panel";

const order: Exclude<Scope, "notice">[] = ["global", "list", "item"];

/** Every key of every page: what it does, other keys for it, and all single keys off (WCAG 2.1.4). */
export default function Shortcuts() {
  const { singleKeys, keys } = usePrefs();
  const [editing, setEditing] = useState<string>();
  const all = known().map((a) => ({ ...a, keys: keysWith(a.keys, keys[a.id]) ?? [] }));
  const rows = distinct(all);
  const set = (id: string, binding: string | undefined) => {
    const { [id]: _, ...rest } = prefs.get().keys;
    prefs.set({ keys: binding === undefined ? rest : { ...rest, [id]: binding } });
    setEditing(undefined);
  };
  return (
    <>
      <Panel
        title={t("shortcuts.single")}
        actions={
          Object.keys(keys).length ? (
            <Button size="sm" onClick={() => prefs.set({ keys: {} })}>
              {t("shortcuts.resetAll")}
            </Button>
          ) : null
        }
      >
        <div className="grid gap-0.5 border-line border-t p-3">
          <Checkbox
            label={t("appearance.singleKeys")}
            checked={singleKeys}
            onChange={(e) => prefs.set({ singleKeys: e.target.checked })}
          />
          <p className="max-w-[64ch] pl-[22px] text-meta text-fg-3">{t("appearance.singleKeysNote")}</p>
        </div>
      </Panel>
      {order.map((scope) => (
        <Panel key={scope} title={t(`keys.${scope}`)}>
          <ul>
            {rows
              .filter((a) => a.scope === scope)
              .map((a) => (
                <Row
                  key={a.id}
                  action={a}
                  all={all}
                  off={!singleKeys}
                  changed={keys[a.id] !== undefined}
                  editing={editing === a.id}
                  onEdit={(on) => setEditing(on ? a.id : undefined)}
                  onSet={(binding) => set(a.id, binding)}
                />
              ))}
          </ul>
        </Panel>
      ))}
    </>
  );
}

interface RowProps {
  action: Known;
  all: Known[];
  off: boolean;
  changed: boolean;
  editing: boolean;
  onEdit: (on: boolean) => void;
  onSet: (binding: string | undefined) => void;
}

function Row({ action: a, all, off, changed, editing, onEdit, onSet }: RowProps) {
  return (
    <li className="flex min-h-9 flex-wrap items-center gap-x-3 gap-y-1 border-line border-t px-3 py-1 text-row">
      <span className="min-w-40 flex-1">{a.label}</span>
      {editing ? (
        <Capture action={a} all={all} onDone={onSet} onCancel={() => onEdit(false)} />
      ) : (
        <>
          <span className="flex flex-wrap justify-end gap-1.5">
            {a.keys.map((k) => (
              <span key={k} className={cx("inline-flex", off && isSingleKey(k) && "line-through opacity-55")}>
                <span className="sr-only">{showKeys(k).join(" ")}</span>
                <Kbd keys={k} />
              </span>
            ))}
            {a.keys.length ? null : <span className="text-fg-3">{t("common.none")}</span>}
          </span>
          <span className="flex justify-end gap-1.5 sm:w-40">
            {changed ? (
              <Button size="sm" look="ghost" onClick={() => onSet(undefined)}>
                {t("shortcuts.reset")}
                <span className="sr-only">{a.label}</span>
              </Button>
            ) : null}
            <Button size="sm" onClick={() => onEdit(true)}>
              {t("shortcuts.change")}
              <span className="sr-only">{a.label}</span>
            </Button>
          </span>
        </>
      )}
    </li>
  );
}

/** Presses that have a meaning of their own in every browser or field. */
const never = ["tab", "shift+tab", "space"];

/** Waits for one press. Tab moves on as everywhere, so that nobody is caught in here. */
function Capture({
  action,
  all,
  onDone,
  onCancel,
}: {
  action: Known;
  all: Known[];
  onDone: (binding: string) => void;
  onCancel: () => void;
}) {
  const [problem, setProblem] = useState("");
  const onKeyDown = (e: KeyboardEvent) => {
    if (["Shift", "Control", "Alt", "Meta", "Tab"].includes(e.key)) return;
    e.preventDefault();
    e.stopPropagation();
    if (e.key === "Escape") return onCancel();
    if (e.key === "Backspace" || e.key === "Delete") return onDone("");
    const press = pressOf(e.nativeEvent);
    const other = takenBy(press, action.id, all);
    const shown = showKeys(press).join(" ");
    if (never.includes(press)) setProblem(t("shortcuts.never", { keys: shown }));
    else if (other) setProblem(t("shortcuts.taken", { keys: shown, action: other.label }));
    else onDone(press);
  };
  return (
    <span className="flex flex-wrap items-center justify-end gap-2">
      <span role="status" className="text-meta text-critical">
        {problem}
      </span>
      <button
        type="button"
        autoFocus
        onKeyDown={onKeyDown}
        onBlur={onCancel}
        className="h-6 rounded-1 border border-accent bg-accent-soft px-2 text-meta text-accent-text"
      >
        {t("shortcuts.press")}
      </button>
      <span className="text-meta text-fg-3">{t("shortcuts.pressNote")}</span>
    </span>
  );
}
