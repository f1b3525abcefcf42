import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type RefObject, useId, useMemo, useRef, useState } from "react";
import { matchActions } from "@/actions/palette-entries";
import { registry } from "@/actions/registry";
import { usersQuery } from "@/api/workspace";
import { t } from "@/i18n";
import { Avatar } from "@/ui/avatar";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { Kbd } from "@/ui/kbd";
import { type Asked, askedAt, mentionsIn, type Named, peopleFor, putMention } from "./note-text";

/** A note that is being written: its text, who was picked from the list, and whom that calls on. */
export interface NoteDraft {
  text: string;
  picked: string[];
  set: (text: string, picked?: string[]) => void;
  people: Named[];
  mentions: () => Named[];
}

interface Start {
  text: string;
  picked: string[];
}

/** `keep` is told of every change, so that a draft can outlive the page. */
export function useNoteDraft(start: Start, keep?: (draft: Start) => void): NoteDraft {
  const [draft, setDraft] = useState(start);
  const users = useQuery({ ...usersQuery, retry: false }).data;
  const people = useMemo(
    () => (users ?? []).filter((u) => !u.disabled_at).map(({ id, name }) => ({ id, name })),
    [users],
  );
  const set = (text: string, picked = draft.picked) => {
    setDraft({ text, picked });
    keep?.({ text, picked });
  };
  return {
    ...draft,
    set,
    people,
    mentions: () => {
      const ids = mentionsIn(draft.text, people, draft.picked);
      return people.filter((p) => ids.includes(p.id));
    },
  };
}

interface Option {
  id: string;
  label: string;
  keys?: string;
  icon: React.ReactNode;
  choose: () => void;
}

interface Props {
  draft: NoteDraft;
  label: string;
  placeholder?: string;
  /** Whether "/" at the start offers what can be done with the open item. */
  commands?: boolean;
  autoFocus?: boolean;
  field?: RefObject<HTMLTextAreaElement | null>;
  onSubmit: () => void;
  onEscape: () => void;
}

/** The field of a note. An "@" offers people, "/" at the start what can be done here; both by keys. */
export function NoteField(p: Props) {
  const own = useRef<HTMLTextAreaElement>(null);
  const field = p.field ?? own;
  const id = useId();
  const [asked, setAsked] = useState<Asked>();
  const [cursor, setCursor] = useState(0);
  const options = useOptions(p, asked, field, () => setAsked(undefined));
  const open = options.length > 0;
  const at = Math.min(cursor, options.length - 1);

  const ask = (el: HTMLTextAreaElement) => {
    const next = askedAt(el.value, el.selectionStart);
    setAsked(next?.kind === "command" && !p.commands ? undefined : next);
    setCursor(0);
  };
  const onKeyDown = (e: KeyboardEvent<HTMLTextAreaElement>) => {
    if (e.nativeEvent.isComposing) return;
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) p.onSubmit();
    else if (open && step) {
      const next = (at + step + options.length) % options.length;
      setCursor(next);
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (open && (e.key === "Enter" || (e.key === "Tab" && !e.shiftKey))) options[at]?.choose();
    else if (e.key === "Escape") {
      if (open) setAsked(undefined);
      else p.onEscape();
    } else return;
    e.preventDefault();
    e.stopPropagation();
  };

  return (
    <>
      {/* A field of several lines that offers a list: ARIA has no combobox for that, so it stays a text box. */}
      <textarea
        ref={field}
        aria-label={p.label}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls={open ? `${id}-list` : undefined}
        aria-activedescendant={open ? `${id}-${at}` : undefined}
        placeholder={p.placeholder}
        autoFocus={p.autoFocus}
        rows={Math.min(8, p.draft.text.split("\n").length)}
        value={p.draft.text}
        onChange={(e) => {
          p.draft.set(e.target.value);
          ask(e.target);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setAsked(undefined)}
        className="field-sizing-content block max-h-48 min-w-0 w-full resize-none bg-transparent text-body outline-none pointer-coarse:text-[16px]"
      />
      <span role="status" className="sr-only">
        {open ? t("note.offered", { count: options.length }) : ""}
      </span>
      {open ? (
        <Offered
          id={id}
          name={t(asked?.kind === "command" ? "note.commands" : "note.people")}
          options={options}
          at={at}
          onPoint={setCursor}
        />
      ) : null}
    </>
  );
}

function Offered({
  id,
  name,
  options,
  at,
  onPoint,
}: {
  id: string;
  name: string;
  options: Option[];
  at: number;
  onPoint: (index: number) => void;
}) {
  return (
    <div
      id={`${id}-list`}
      role="listbox"
      aria-label={name}
      // The field keeps the focus while the list is pressed.
      onPointerDown={(e) => e.preventDefault()}
      className="float appear absolute bottom-full left-0 z-30 mb-1 max-h-64 w-72 max-w-full overflow-auto p-1"
    >
      {options.map((o, i) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field that holds the focus
        <div
          key={o.id}
          id={`${id}-${i}`}
          role="option"
          tabIndex={-1}
          aria-selected={i === at}
          onClick={o.choose}
          onPointerMove={() => onPoint(i)}
          className={cx(
            "flex min-h-7 cursor-default items-center gap-2 rounded-1 px-2 text-dense pointer-coarse:min-h-10",
            i === at && "bg-selected",
          )}
        >
          {o.icon}
          <span className="min-w-0 flex-1 truncate">{o.label}</span>
          {o.keys ? <Kbd keys={o.keys} /> : null}
        </div>
      ))}
    </div>
  );
}

function useOptions(
  p: Props,
  asked: Asked,
  field: RefObject<HTMLTextAreaElement | null>,
  close: () => void,
): Option[] {
  if (!asked) return [];
  if (asked.kind === "mention") {
    return peopleFor(p.draft.people, asked.query).map((person) => ({
      id: person.id,
      label: person.name,
      icon: <Avatar name={person.name} small />,
      choose: () => {
        const el = field.current;
        const put = putMention(
          p.draft.text,
          asked.from,
          el?.selectionStart ?? p.draft.text.length,
          person.name,
        );
        p.draft.set(put.text, [...new Set([...p.draft.picked, person.id])]);
        close();
        requestAnimationFrame(() => {
          el?.focus();
          el?.setSelectionRange(put.caret, put.caret);
        });
      },
    }));
  }
  const here = registry.available().filter((a) => a.scope === "item" && a.id !== "item.note");
  return matchActions(here, asked.query).map((e) => ({
    id: e.id,
    label: e.label,
    keys: e.keys,
    icon: e.icon ? <Icon of={e.icon} size={14} className="text-fg-3" /> : <span className="w-3.5" />,
    choose: () => {
      p.draft.set("", []);
      close();
      field.current?.blur();
      // After the focus has left the field, so that the action may move it.
      requestAnimationFrame(() => e.run());
    },
  }));
}

/** Id of the action that leads into the composer: it is no command there. */
