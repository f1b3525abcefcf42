import { Clock } from "lucide-react";
import { useState } from "react";
import { t } from "@/i18n";
import { fullMoment, moment } from "@/i18n/format";
import { offsetAt } from "@/i18n/wall";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Kbd } from "@/ui/kbd";
import { useNow, useZone } from "@/ui/time";
import { parseWhen } from "./parse";
import { choiceAt, choiceOf, choices, refusal } from "./when";

/**
 * Until when to put off: one field that reads words, and four ready choices. A single digit is the choice of
 * that number; typed further it is words again. What was understood is shown before it is taken.
 */
export default function LaterDialog({
  onPick,
  onClose,
}: {
  onPick: (until: string) => void;
  onClose: () => void;
}) {
  const zone = useZone();
  const now = useNow();
  const [typed, setTyped] = useState("");
  const choice = choiceOf(typed);
  const read = choice ? choiceAt(choice, now, zone) : parseWhen(typed, now, zone);
  const wrong = read === undefined ? undefined : refusal(read, now);
  const at = wrong ? undefined : read;
  const take = (t: number | undefined) => t !== undefined && onPick(new Date(t).toISOString());
  return (
    <Dialog open onClose={onClose} title={t("later.title")} note={t("later.note")} width={440}>
      <form
        className="grid gap-2.5"
        onSubmit={(e) => {
          e.preventDefault();
          take(at);
        }}
      >
        <div className="flex items-end gap-2">
          <div className="flex-1">
            <Field label={t("later.field")}>
              {(w) => (
                <Input
                  {...w}
                  autoFocus
                  autoComplete="off"
                  spellCheck={false}
                  placeholder={t("later.hint")}
                  value={typed}
                  onChange={(e) => setTyped(e.target.value)}
                />
              )}
            </Field>
          </div>
          <Button type="submit" look="primary" keys="enter" className="!h-8" disabled={at === undefined}>
            {t("later.do")}
          </Button>
        </div>
        <p role="status" className="min-h-[34px] pb-2 text-dense">
          <Understood typed={typed} at={read} wrong={wrong} now={now} />
        </p>
      </form>
      <ul aria-label={t("later.choices")} className="-mx-2 grid gap-px border-line border-t pt-2">
        {choices.map((c, i) => {
          const when = choiceAt(c, now, zone);
          return (
            <li key={c}>
              <button
                type="button"
                onClick={() => take(when)}
                className={cx(
                  "state flex min-h-8 w-full items-center gap-2 rounded-2 px-2 text-left hover:bg-hover pointer-coarse:min-h-10",
                  choice === c && "bg-selected",
                )}
              >
                <Icon of={Clock} size={14} className="text-fg-3" />
                <span className="flex-1 font-550">{t(`later.${c}`)}</span>
                <span className="num text-fg-2">{moment(new Date(when).toISOString(), zone, now)}</span>
                <Kbd keys={String(i + 1)} />
              </button>
            </li>
          );
        })}
      </ul>
    </Dialog>
  );
}

/** What the words mean, in the launch's zone, with the reader's own beside it where the clocks differ. */
function Understood({
  typed,
  at,
  wrong,
  now,
}: {
  typed: string;
  at: number | undefined;
  wrong: "passed" | "far" | undefined;
  now: number;
}) {
  const zone = useZone();
  if (!typed.trim()) return null;
  if (at === undefined) return <span className="text-fg-2">{t("later.unread")}</span>;
  const when = fullMoment(at, zone);
  if (wrong === "passed") return <span className="text-critical">{t("later.passed", { when })}</span>;
  if (wrong === "far") return <span className="text-critical">{t("later.far")}</span>;
  const elsewhere = offsetAt(at, zone) !== offsetAt(at, undefined);
  return (
    <>
      <span className="num block font-semibold">{when}</span>
      <span className="block text-meta text-fg-3">
        {zone}
        {elsewhere ? (
          <span className="sep ml-2.5">
            {t("later.yours", { when: moment(new Date(at).toISOString(), undefined, now) })}
          </span>
        ) : null}
      </span>
    </>
  );
}
