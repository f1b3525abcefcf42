import { useQuery } from "@tanstack/react-query";
import { Search, X } from "lucide-react";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { type CallsFilter, callFieldsQuery, callValuesQuery } from "@/api/calls";
import { t } from "@/i18n";
import { compact } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { joined, tokensOf, typingOf, without } from "./query";
import { fieldSuggestions, type Suggestion, valueSuggestions } from "./suggest";

/**
 * The query as tokens, and a field for the next one. Names and values are offered while one types; Backspace in
 * the empty field takes the last token back to be typed anew, and so does a press on any of them.
 */
export function QueryField({
  q,
  filter,
  wrong,
  onChange,
}: {
  q: string;
  filter: CallsFilter;
  /** Where the server says that the query is wrong. */
  wrong: [number, number] | undefined;
  onChange: (q: string | undefined) => void;
}) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const tokens = tokensOf(q);
  const offered = useSuggestions(typed, filter, open);
  const shown = open && offered.length > 0;

  const type = (text: string) => {
    setTyped(text);
    setAt(-1);
    setOpen(true);
  };
  /** Adds what was typed to the query. */
  const add = (text: string) => {
    setTyped("");
    setAt(-1);
    setOpen(false);
    if (text.trim()) onChange(joined([...tokens.map((x) => x.text), text.trim()]));
  };
  const take = (s: Suggestion) => {
    if (s.whole) add(s.text);
    else type(s.text);
    input.current?.focus();
  };
  /** Takes a token out of the query and into the field. */
  const retype = (i: number) => {
    const token = tokens[i];
    if (!token) return;
    onChange(without(q, i));
    type(token.text);
    input.current?.focus();
  };
  const onKeyDown = (e: KeyboardEvent<HTMLInputElement>) => {
    const best = offered[at];
    if (e.nativeEvent.isComposing) return;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      setOpen(true);
      const by = e.key === "ArrowDown" ? 1 : -1;
      setAt((n) =>
        offered.length ? (n + by + offered.length + (n < 0 && by < 0 ? 1 : 0)) % offered.length : -1,
      );
    } else if (e.key === "Enter") {
      e.preventDefault();
      if (shown && best) take(best);
      else if (typed) add(typed);
      else input.current?.blur();
    } else if (e.key === "Tab" && shown && !e.shiftKey && (best ?? (typed && offered[0]))) {
      e.preventDefault();
      take((best ?? offered[0]) as Suggestion);
    } else if (e.key === " " && typed && !inQuotes(typed)) {
      e.preventDefault();
      add(typed);
    } else if (e.key === "Backspace" && typed === "" && tokens.length) {
      e.preventDefault();
      retype(tokens.length - 1);
    } else if (e.key === "Escape") {
      e.preventDefault();
      if (shown && typed) setOpen(false);
      else input.current?.blur();
    }
  };
  return (
    <div className="relative min-w-0 flex-1 max-sm:basis-full">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a press beside the tokens goes to the field, which keys reach anyhow */}
      <div
        className="flex min-h-8 flex-wrap items-center gap-1 rounded-2 border border-control bg-surface py-[3px] pr-2 pl-2 outline-offset-2 outline-focus has-[input:focus]:outline-2 pointer-coarse:min-h-10"
        onMouseDown={(e) => {
          if (e.target !== e.currentTarget) return;
          e.preventDefault();
          input.current?.focus();
        }}
      >
        <Icon of={Search} size={14} className="mr-0.5 text-fg-3" />
        {tokens.map((token, i) => (
          <TokenChip
            // biome-ignore lint/suspicious/noArrayIndexKey: a token can be there twice, and has no other name
            key={i}
            text={token.text}
            bad={wrong !== undefined && token.from >= wrong[0] && token.from < wrong[1]}
            onEdit={() => retype(i)}
            onRemove={() => {
              onChange(without(q, i));
              input.current?.focus();
            }}
          />
        ))}
        <input
          ref={input}
          type="search"
          role="combobox"
          aria-label={t("calls.query")}
          aria-expanded={shown}
          aria-controls={shown ? `${id}-list` : undefined}
          aria-activedescendant={shown && at >= 0 ? `${id}-${at}` : undefined}
          aria-autocomplete="list"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          enterKeyHint="search"
          placeholder={tokens.length ? "" : "route:/pay status:5xx ms>1000 app:acme"}
          value={typed}
          onChange={(e) => paste(e.target.value)}
          onFocus={() => setOpen(true)}
          onBlur={() => {
            setOpen(false);
            add(typed);
          }}
          onKeyDown={onKeyDown}
          className="id h-6 min-w-32 flex-1 bg-transparent text-fg outline-none [&::-webkit-search-cancel-button]:hidden"
        />
      </div>
      {shown ? (
        <div
          id={`${id}-list`}
          role="listbox"
          aria-label={t("calls.suggestions")}
          className="float absolute top-full left-0 z-30 mt-1 max-h-80 w-[min(420px,100%)] overflow-auto p-1"
        >
          {offered.map((s, i) => (
            <div
              key={s.text}
              id={`${id}-${i}`}
              role="option"
              tabIndex={-1}
              aria-selected={i === at}
              onMouseDown={(e) => {
                e.preventDefault();
                take(s);
              }}
              onMouseEnter={() => setAt(i)}
              className={cx(
                "flex min-h-7 cursor-pointer items-center gap-3 rounded-1 px-2 pointer-coarse:min-h-10",
                i === at && "bg-selected",
              )}
            >
              <span data-user="" className="id max-w-64 flex-none truncate">
                {s.label}
              </span>
              <span data-user="" className="min-w-0 flex-1 truncate text-right text-meta text-fg-3">
                {s.note}
              </span>
            </div>
          ))}
        </div>
      ) : null}
    </div>
  );

  /** Several tokens at once, as they are pasted, go to the query; the last stays to be typed on. */
  function paste(text: string) {
    const parts = tokensOf(text);
    if (parts.length < 2 || inQuotes(text)) {
      type(text);
      return;
    }
    const last = parts.at(-1);
    onChange(joined([...tokens, ...parts.slice(0, -1)].map((x) => x.text)));
    type(last?.text ?? "");
  }
}

const inQuotes = (text: string): boolean => (text.split('"').length - 1) % 2 === 1;

function TokenChip({
  text,
  bad,
  onEdit,
  onRemove,
}: {
  text: string;
  bad: boolean;
  onEdit: () => void;
  onRemove: () => void;
}) {
  return (
    <span
      className={cx(
        "forced-edge inline-flex h-6 max-w-full items-center rounded-1 font-mono text-[11.5px]",
        bad ? "bg-critical-soft text-critical" : "bg-accent-soft text-accent-text",
      )}
    >
      <button
        type="button"
        data-user=""
        title={t("calls.editToken", { token: text })}
        onClick={onEdit}
        className="h-6 min-w-6 truncate rounded-1 pl-1.5 text-left"
      >
        {text}
        {bad ? <span className="sr-only"> {t("calls.badToken")}</span> : null}
      </button>
      <button
        type="button"
        aria-label={t("filter.remove", { label: text })}
        onClick={onRemove}
        className="grid h-6 w-6 flex-none place-items-center rounded-1"
      >
        <Icon of={X} size={11} />
      </button>
    </span>
  );
}

/** Names of fields while a name is typed, then the values that the calls of the filter have. */
function useSuggestions(typed: string, filter: CallsFilter, open: boolean): Suggestion[] {
  const { name, op } = typingOf(typed);
  const fields = useQuery({ ...callFieldsQuery, enabled: open }).data ?? [];
  const field = op === ":" ? fields.find((f) => f.name === name && f.facet) : undefined;
  const values = useQuery({
    ...callValuesQuery(filter, field?.name ?? ""),
    enabled: open && field !== undefined,
  }).data;
  return op ? valueSuggestions(values ?? [], typed, compact) : fieldSuggestions(fields, typed);
}
