import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { feedbackApi } from "@/api/feedback";
import { noteApi, type Subject, timelineKey } from "@/api/notes";
import type { Note, TimelineEntry, TimelinePage } from "@/api/types";
import { useMe } from "@/app/launch";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { explain } from "@/ui/states";
import type { Named } from "./note-text";

type Pages = InfiniteData<TimelinePage>;

/** Ids of notes that are still on their way: they can't be changed yet. */
const sending = "sending-";
export const isSending = (id: string): boolean => id.startsWith(sending);

/**
 * Writing, changing and deleting notes: shown at once, told after, with undo; a refusal puts everything back
 * with a sentence that says why.
 */
export function useNotes(of: Subject, launchId: string) {
  const cache = useQueryClient();
  const me = useMe();
  const { kind, id } = of;
  return useMemo(() => {
    const subject: Subject = { kind, id };
    const renew = () => void cache.invalidateQueries({ queryKey: ["timeline"] });
    const change = (fn: (pages: Pages, show: unknown) => Pages) => {
      const before = cache.getQueriesData<Pages>({ queryKey: timelineKey(subject) });
      for (const [key, data] of before) if (data) cache.setQueryData<Pages>(key, fn(data, key[3]));
      return () => {
        for (const [key, data] of before) cache.setQueryData(key, data);
      };
    };
    const put = (note: Note) => {
      const entry: TimelineEntry = {
        id: note.id,
        at: note.created_at,
        kind: "note",
        actor: note.author,
        note,
      };
      return change((pages, show) =>
        show === "changes"
          ? pages
          : {
              ...pages,
              pages: pages.pages.map((p, i) => (i === 0 ? { ...p, items: [entry, ...p.items] } : p)),
            },
      );
    };
    const patch = (noteId: string, to: Partial<Note>) =>
      change((pages) => ({
        ...pages,
        pages: pages.pages.map((p) => ({
          ...p,
          items: p.items.map((e) =>
            e.note?.id === noteId ? { ...e, note: { ...e.note, ...to } as Note } : e,
          ),
        })),
      }));
    const undo = (undoId: string) => async () => {
      try {
        await feedbackApi.undo(undoId);
        toasts.show(t("toast.undone"));
      } catch (e) {
        toasts.show(explain(e), { tone: "error" });
      }
      renew();
    };
    const run = async (putBack: () => void, text: string, send: () => Promise<{ undo_id: string }>) => {
      try {
        const done = await send();
        toasts.show(text, { undo: undo(done.undo_id) });
        return true;
      } catch (e) {
        putBack();
        toasts.show(explain(e), { tone: "error" });
        return false;
      } finally {
        renew();
      }
    };
    const who = (mentions: Named[]) => mentions.map((m) => m.id);
    return {
      add: (text: string, mentions: Named[]): Promise<boolean> => {
        const at = new Date().toISOString();
        const putBack = put({
          id: `${sending}${at}`,
          launch_id: launchId,
          text: text.trim(),
          author: { kind: me.kind, id: me.id, name: me.name },
          mentions,
          created_at: at,
        });
        return run(putBack, t("toast.noted"), () => noteApi.add(subject, text, who(mentions)));
      },
      edit: (note: Note, text: string, mentions: Named[]): Promise<boolean> =>
        run(
          patch(note.id, { text: text.trim(), mentions, edited_at: new Date().toISOString() }),
          t("toast.noteEdited"),
          () => noteApi.edit(note.id, text, who(mentions)),
        ),
      remove: (note: Note): Promise<boolean> =>
        run(
          patch(note.id, { text: "", mentions: [], deleted_at: new Date().toISOString() }),
          t("toast.noteDeleted"),
          () => noteApi.remove(note.id),
        ),
    };
  }, [cache, kind, id, launchId, me]);
}
