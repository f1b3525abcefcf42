import { useQueryClient } from "@tanstack/react-query";
import {
  Check,
  CircleSlash,
  Clock,
  GitMerge,
  type LucideIcon,
  PenLine,
  ShieldBan,
  Trash2,
  Undo2,
  UserRoundCheck,
} from "lucide-react";
import { useEffect, useRef } from "react";
import { useActions } from "@/actions/use-actions";
import { toasts } from "@/app/toasts";
import { type MessageKey, Trans, t } from "@/i18n";
import { removeRows } from "@/live/cache";
import { type Moved, movedRows, useMoved } from "@/live/moved";
import { Icon } from "@/ui/icon";
import { Time } from "@/ui/time";

const drawings: Record<Moved["what"], LucideIcon> = {
  accepted: Check,
  ignored: CircleSlash,
  spam: ShieldBan,
  new: Undo2,
  later: Clock,
  closed: Check,
  reopened: Undo2,
  merged: GitMerge,
  gone: Trash2,
  changed: PenLine,
};

const form = (m: Moved): string => (m.what === "accepted" && m.key ? "acceptedAs" : m.what);
const values = (m: Moved) => ({ by: m.by, key: m.key });

/** What became of a row, in a few words beside it: "accepted by Sam". */
export function MovedWord({ moved }: { moved: Moved }) {
  return (
    <span className="moved-word inline-flex max-w-full flex-none items-center gap-1.5 text-meta text-fg-2">
      <Icon of={drawings[moved.what]} size={12} className="flex-none" />
      <span className="truncate">{t(`moved.${form(moved)}` as MessageKey, values(moved))}</span>
    </span>
  );
}

const sentence = (m: Moved): string => t(`movedTo.${form(m)}` as MessageKey, values(m));

/**
 * One line at the head of the open item when somebody else has just acted on it. The keys that would act on it
 * and can't any more answer what happened.
 */
export function MovedLine({ id, forget = false }: { id: string; forget?: boolean }) {
  const moved = useMoved(id);
  useActions([
    {
      id: "notice.moved",
      keys: ["enter", "shift+enter", "e", "l", "h"],
      scope: "notice",
      label: t("moved.what"),
      keysOnly: true,
      // An issue that moved on can still be acted on.
      when: () => !forget && moved !== undefined && moved.what !== "changed",
      run: () => {
        if (moved) toasts.show(sentence(moved));
      },
    },
  ]);
  useEffect(() => {
    if (forget) return () => movedRows.forget([id]);
  }, [forget, id]);
  return (
    <div role="status" className={moved ? "border-line border-b bg-accent-soft" : "contents"}>
      {moved ? (
        <p className="flex min-h-8 items-center gap-2 px-6 py-1 text-dense text-accent-text max-md:px-4">
          <Icon of={moved.what === "changed" ? PenLine : UserRoundCheck} size={14} className="flex-none" />
          <span className="min-w-0">
            <Trans
              k="moved.at"
              values={{ what: sentence(moved), time: <Time at={moved.at} className="num" /> }}
            />
          </span>
        </p>
      ) : null}
    </div>
  );
}

/**
 * Takes a row that moved out of its list when the cursor leaves it; where lists show every state it only says
 * no more what happened.
 */
export function useMovedLeaves(launchId: string, currentId: string | undefined, staying: boolean): void {
  const cache = useQueryClient();
  const before = useRef(currentId);
  useEffect(() => {
    const left = before.current;
    before.current = currentId;
    if (!left || left === currentId) return;
    const moved = movedRows.get(left);
    if (!moved) return;
    movedRows.forget([left]);
    if (!staying && moved.what !== "changed") removeRows(cache, launchId, [left]);
  }, [cache, launchId, currentId, staying]);
}
