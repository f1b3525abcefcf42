import { AtSign } from "lucide-react";
import { useRef } from "react";
import { useActions } from "@/actions/use-actions";
import type { Subject } from "@/api/notes";
import { useMe } from "@/app/launch";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Kbd } from "@/ui/kbd";
import { NoteField, useNoteDraft } from "./note-field";
import { useNotes } from "./use-notes";

/** The foot of an item: what is written there becomes a note. Give it a key, so that each item has its own. */
export function Composer({ of, launchId }: { of: Subject; launchId: string }) {
  const may = useMe().permissions?.includes("work_feedback");
  return may ? <Writing of={of} launchId={launchId} /> : null;
}

function Writing({ of, launchId }: { of: Subject; launchId: string }) {
  const notes = useNotes(of, launchId);
  const drafts = draftsOf(of);
  const draft = useNoteDraft(drafts.read(), drafts.keep);
  const field = useRef<HTMLTextAreaElement>(null);
  useActions([
    {
      id: "item.note",
      keys: ["n"],
      scope: "item",
      label: t("action.note"),
      hint: t("hint.note"),
      icon: AtSign,
      run: () => field.current?.focus(),
    },
  ]);
  const send = async () => {
    const { text, picked } = draft;
    if (!text.trim()) {
      field.current?.focus();
      return;
    }
    const mentions = draft.mentions();
    draft.set("", []);
    // What was not taken comes back, unless something else is being written already.
    if (!(await notes.add(text, mentions)) && !field.current?.value) draft.set(text, picked);
  };
  return (
    <div className="sticky bottom-0 z-10 flex-none bg-canvas px-6 pt-2 pb-3 max-md:px-4">
      <div className="relative flex items-end gap-[9px] rounded-2 border border-line-strong bg-surface py-[5px] pr-[5px] pl-[13px] focus-within:border-accent">
        <Icon of={AtSign} size={15} className="mb-[6px] text-fg-3 pointer-coarse:mb-3" />
        <div className="min-w-0 flex-1 py-[5px] pointer-coarse:py-2">
          <NoteField
            draft={draft}
            field={field}
            label={t("note.label")}
            placeholder={t("note.write")}
            commands
            onSubmit={() => void send()}
            onEscape={() => field.current?.blur()}
          />
        </div>
        <Button onClick={() => void send()}>
          {t("note.send")}
          <span className="inline-flex pointer-coarse:hidden">
            <Kbd keys="mod+enter" />
          </span>
        </Button>
      </div>
    </div>
  );
}

/** What is being written on an item stays with the tab until it is sent. */
function draftsOf(of: Subject) {
  const key = `hc.draft.${of.kind}.${of.id}`;
  return {
    read: (): { text: string; picked: string[] } => {
      try {
        const kept = JSON.parse(sessionStorage.getItem(key) ?? "{}") as { text?: unknown; picked?: unknown };
        return {
          text: typeof kept.text === "string" ? kept.text : "",
          picked: Array.isArray(kept.picked) ? kept.picked.filter((x) => typeof x === "string") : [],
        };
      } catch {
        return { text: "", picked: [] };
      }
    },
    keep: (draft: { text: string; picked: string[] }) => {
      try {
        if (draft.text) sessionStorage.setItem(key, JSON.stringify(draft));
        else sessionStorage.removeItem(key);
      } catch {
        // No storage: the draft lasts as long as the page.
      }
    },
  };
}
