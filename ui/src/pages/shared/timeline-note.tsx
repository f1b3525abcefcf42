import { Link } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Subject } from "@/api/notes";
import type { Note, TimelineEntry } from "@/api/types";
import { useMe } from "@/app/launch";
import { Trans, t } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { NoteField, useNoteDraft } from "./note-field";
import { splitNote } from "./note-text";
import { ReportLink, strong, useWho } from "./timeline-words";
import { isSending, useNotes } from "./use-notes";

interface Props {
  entry: TimelineEntry;
  note: Note;
  of: Subject;
  launchId: string;
}

/** What somebody wrote, with where it was written when that is elsewhere, and what its author may do. */
export function NoteLine({ entry, note, of, launchId }: Props) {
  const [editing, setEditing] = useState(false);
  const who = useWho();
  if (note.deleted_at)
    return (
      <span className="text-fg-3">
        <Trans k="note.deleted" values={{ who: strong(who(entry.actor)) }} />
      </span>
    );
  if (editing) return <EditNote note={note} of={of} launchId={launchId} onClose={() => setEditing(false)} />;
  return (
    <span className={cx("group/note block", isSending(note.id) && "opacity-60")}>
      {strong(entry.actor.name)} <NoteText note={note} launchId={launchId} />
      <Marks note={note} of={of} launchId={launchId} />
      <NoteActions note={note} of={of} launchId={launchId} onEdit={() => setEditing(true)} />
    </span>
  );
}

/** Plain text, with who is called on set apart, and addresses and issues that can be pressed. */
function NoteText({ note, launchId }: { note: Note; launchId: string }) {
  const me = useMe();
  return (
    <span dir="auto" className="whitespace-pre-wrap [overflow-wrap:anywhere]">
      {splitNote(note.text, note.mentions).map((p): ReactNode => {
        if (p.kind === "mention")
          return (
            <span
              key={p.start}
              className={cx("font-550 text-accent-text", p.id === me.id && "rounded-1 bg-accent-soft px-0.5")}
            >
              {p.text}
            </span>
          );
        if (p.kind === "key")
          return (
            <Link
              key={p.start}
              to="/launches/$launchId/issues/$issueId"
              params={{ launchId, issueId: p.text }}
              className="id link"
            >
              {p.text}
            </Link>
          );
        if (p.kind === "code")
          return (
            <code key={p.start} className="id">
              {p.text.slice(1, -1)}
            </code>
          );
        if (p.kind === "url")
          return (
            <a key={p.start} href={p.text} target="_blank" rel="noreferrer noopener" className="link">
              {p.text}
            </a>
          );
        return <span key={p.start}>{p.text}</span>;
      })}
    </span>
  );
}

/** That it was edited, and that it was written on a report or on an issue that was merged into this one. */
function Marks({ note, of, launchId }: { note: Note; of: Subject; launchId: string }) {
  const report = of.kind === "issue" ? note.feedback : undefined;
  const issue = of.kind === "issue" && note.issue?.id !== of.id ? note.issue : undefined;
  if (!note.edited_at && !report && !issue) return null;
  return (
    <span className="text-meta text-fg-3">
      {" "}
      {report ? (
        <Trans
          k="note.on"
          values={{
            where: (
              <Trans k="note.onReport" values={{ who: <ReportLink report={report} launchId={launchId} /> }} />
            ),
          }}
        />
      ) : null}
      {issue ? (
        <Trans
          k="note.on"
          values={{
            where: (
              <Link
                to="/launches/$launchId/issues/$issueId"
                params={{ launchId, issueId: issue.key }}
                className="id link text-fg"
              >
                {issue.key}
              </Link>
            ),
          }}
        />
      ) : null}
      {note.edited_at ? ` (${t("note.edited")})` : null}
    </span>
  );
}

function NoteActions({
  note,
  of,
  launchId,
  onEdit,
}: {
  note: Note;
  of: Subject;
  launchId: string;
  onEdit: () => void;
}) {
  const me = useMe();
  const notes = useNotes(of, launchId);
  const can = me.permissions ?? [];
  const may = can.includes("work_feedback") && (note.author.id === me.id || can.includes("manage_members"));
  if (!may || isSending(note.id)) return null;
  const look =
    "!h-[18px] !w-[22px] align-[-4px] pointer-coarse:!min-h-10 opacity-0 group-hover/note:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100";
  return (
    <span className="whitespace-nowrap">
      {" "}
      <IconButton label={t("note.edit")} icon={Pencil} size={12} className={look} onClick={onEdit} />
      <IconButton
        label={t("note.delete")}
        icon={Trash2}
        size={12}
        className={look}
        onClick={() => void notes.remove(note)}
      />
    </span>
  );
}

function EditNote({
  note,
  of,
  launchId,
  onClose,
}: {
  note: Note;
  of: Subject;
  launchId: string;
  onClose: () => void;
}) {
  const notes = useNotes(of, launchId);
  const draft = useNoteDraft({ text: note.text, picked: note.mentions.map((m) => m.id) });
  const save = () => {
    const text = draft.text.trim();
    onClose();
    if (text && text !== note.text) void notes.edit(note, text, draft.mentions());
  };
  return (
    <span className="grid gap-1.5 pb-1">
      <span className="block rounded-2 border border-control bg-surface px-2 py-1">
        <NoteField draft={draft} label={t("note.edit")} autoFocus onSubmit={save} onEscape={onClose} />
      </span>
      <span className="flex justify-end gap-1.5">
        <Button size="sm" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button size="sm" look="primary" keys="mod+enter" onClick={save}>
          {t("note.save")}
        </Button>
      </span>
    </span>
  );
}
