import { useInfiniteQuery } from "@tanstack/react-query";
import { useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Subject, type TimelineShow, timelineQuery, timelineShows } from "@/api/notes";
import type { TimelineEntry } from "@/api/types";
import { timelineSearch } from "@/app/search";
import { t } from "@/i18n";
import { percent } from "@/i18n/format";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { Failure, Skeleton } from "@/ui/states";
import { Time, useNow } from "@/ui/time";
import { elide, wordDiff } from "./diff";
import { foldTimeline, type Row, reportsOf, splitLong } from "./timeline-fold";
import { RowGlyph } from "./timeline-glyph";
import { NoteLine } from "./timeline-note";
import { ReportLink, Sentence, textFields } from "./timeline-words";

interface Props {
  of: Subject;
  launchId: string;
  /** Level of its heading. */
  level: 2 | 3;
}

/** Everything that happened to an item on one line of time, newest last. */
export function Timeline({ of, launchId, level }: Props) {
  // Of any route's search, so it is checked here.
  const show = timelineSearch(useSearch({ strict: false })).timeline ?? "all";
  const list = useInfiniteQuery(timelineQuery(of, show));
  const rows = useMemo(
    () => foldTimeline((list.data?.pages.flatMap((p) => p.items) ?? []).toReversed()),
    [list.data],
  );
  const [open, setOpen] = useState(false);
  const target = useNoteOfURL(rows);
  const { first, hidden, last } = splitLong(rows, open || target !== undefined);
  const Heading = `h${level}` as const;
  const draw = (row: Row) => (
    <TimelineRow
      key={row.id}
      row={row}
      of={of}
      launchId={launchId}
      marked={target !== undefined && row.entry.note?.id === target}
    />
  );
  return (
    <section aria-label={t("timeline.title")}>
      <div className="mb-1.5 flex flex-wrap items-center gap-x-3 gap-y-1">
        <Heading className="text-body font-semibold">{t("timeline.title")}</Heading>
        <Shows show={show} />
      </div>
      {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? <Skeleton rows={4} className="!px-0" /> : null}
      {list.data && rows.length === 0 ? <p className="text-fg-3">{t("timeline.noNotes")}</p> : null}
      {list.hasNextPage && (open || hidden === 0) ? (
        <Fold onClick={() => void list.fetchNextPage()}>{t("timeline.before")}</Fold>
      ) : null}
      {rows.length ? (
        <ol>
          {first.map(draw)}
          {hidden ? (
            <li>
              <Fold onClick={() => setOpen(true)}>{t("timeline.earlier", { count: hidden })}</Fold>
            </li>
          ) : null}
          {last.map(draw)}
        </ol>
      ) : null}
    </section>
  );
}

const Fold = ({ onClick, children }: { onClick: () => void; children: string }) => (
  <Button look="ghost" size="sm" className="mb-1 ml-[17px] text-fg-3" onClick={onClick}>
    {children}
  </Button>
);

/** All, only notes, or only changes; the choice is in the URL. */
function Shows({ show }: { show: TimelineShow }) {
  const navigate = useNavigate();
  const put = (timeline: TimelineShow) =>
    void navigate({
      to: ".",
      search: ((s: object) => ({ ...s, timeline: timeline === "all" ? undefined : timeline })) as never,
      replace: true,
      resetScroll: false,
    });
  return (
    <fieldset className="flex gap-0.5">
      <legend className="sr-only">{t("timeline.show")}</legend>
      {timelineShows.map((s) => (
        <button
          key={s}
          type="button"
          aria-pressed={s === show}
          onClick={() => put(s)}
          className={cx(
            "state h-6 rounded-1 px-1.5 text-meta pointer-coarse:min-h-10 pointer-coarse:px-3",
            s === show ? "bg-muted font-550 text-fg" : "text-fg-3 hover:bg-hover hover:text-fg",
          )}
        >
          {t(`timeline.${s}`)}
        </button>
      ))}
    </fieldset>
  );
}

/** The note that the URL points at (#note-…), once it is there: it is scrolled to. */
function useNoteOfURL(rows: Row[]): string | undefined {
  const hash = useLocation({ select: (l) => l.hash });
  const id = hash.startsWith("note-") ? hash.slice(5) : undefined;
  const there = id !== undefined && rows.some((r) => r.entry.note?.id === id);
  const done = useRef("");
  useEffect(() => {
    if (!there || !id || done.current === id) return;
    done.current = id;
    document.getElementById(`note-${id}`)?.scrollIntoView({ block: "center" });
  }, [there, id]);
  return there ? id : undefined;
}

function TimelineRow({
  row,
  of,
  launchId,
  marked,
}: {
  row: Row;
  of: Subject;
  launchId: string;
  marked: boolean;
}) {
  const e = row.entry;
  return (
    <li
      id={e.note ? `note-${e.note.id}` : undefined}
      className={cx(
        "relative grid grid-cols-[18px_minmax(0,1fr)_auto] gap-x-2 pb-[9px] text-row last:pb-1",
        "not-last:before:absolute not-last:before:top-[20px] not-last:before:bottom-[2px] not-last:before:left-[8.5px] not-last:before:w-px not-last:before:bg-line-strong",
        marked && "rounded-1 bg-selected outline-4 outline-selected",
      )}
    >
      <RowGlyph row={row} />
      <span
        className={cx("min-w-0", e.kind === "note" ? "text-fg" : "text-fg-2", e.undone_at && "line-through")}
      >
        {e.note ? (
          <NoteLine entry={e} note={e.note} of={of} launchId={launchId} />
        ) : (
          <Sentence row={row} launchId={launchId} />
        )}
        {e.undone_at ? <Undone /> : null}
        <Below row={row} launchId={launchId} />
      </span>
      <span className="num pl-2 text-meta leading-[18px] text-fg-3">
        <Clock at={e.at} />
      </span>
    </li>
  );
}

const Undone = () => (
  <span className="inline-block pl-1.5 text-meta text-fg-3 no-underline">({t("timeline.undone")})</span>
);

/** The time of day, and words for what was just now. */
function Clock({ at }: { at: string }) {
  const now = useNow();
  return <Time at={at} relative={now - Date.parse(at) < 60_000} />;
}

/** What stands under a sentence: reasons to open, reports by name, a text word by word. */
function Below({ row, launchId }: { row: Row; launchId: string }) {
  const e = row.entry;
  if (e.kind === "read") return <Reasons row={row} />;
  const reports = reportsOf(row);
  const named = e.field === "feedback" && reports.length === 1 ? [] : reports;
  const undone = e.reason === "Undone";
  // Of reports that are named below, the reason would only tell their numbers again.
  const reason = undone ? t("toast.undone") : reports.length ? "" : e.reason;
  return (
    <>
      {named.length ? (
        <span className="block text-meta text-fg-3">
          {named.slice(0, 5).map((r, i) => (
            <span key={r.id}>
              {i ? ", " : null}
              <ReportLink report={r} launchId={launchId} />
            </span>
          ))}
          {named.length > 5 ? ` ${t("timeline.more", { count: named.length - 5 })}` : null}
        </span>
      ) : null}
      {textFields.has(e.field ?? "") ? <Diff from={e.from ?? ""} to={e.to ?? ""} /> : null}
      {reason ? <span className="block text-meta text-fg-3">{reason}</span> : null}
    </>
  );
}

/** Whether a reading says otherwise than the one before it. */
const saysMore = (e: TimelineEntry, i: number, all: TimelineEntry[]): boolean =>
  e.reason !== all[i - 1]?.reason || e.confidence !== all[i - 1]?.confidence;

/** Behind the sentence of a reading a press opens why: each reading, how sure it was, and what decided. */
function Reasons({ row }: { row: Row }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      {" "}
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="state rounded-1 px-1 text-meta text-fg-3 hover:bg-hover hover:text-fg pointer-coarse:py-2"
      >
        {t("timeline.why")}
        <Icon of={ChevronRight} size={11} className={cx("inline align-[-1.5px]", open && "rotate-90")} />
      </button>
      {open
        ? row.of.filter(saysMore).map((e) => (
            <span key={e.id} className="block pt-0.5 text-meta text-fg-2 [overflow-wrap:anywhere]">
              <span className="num">{percent(e.confidence ?? 0)}</span> {e.reason}{" "}
              <span className="id text-fg-3">{e.version}</span>
            </span>
          ))
        : null}
    </>
  );
}

/** Struck what was removed, underlined what was added; screen readers are told in words. */
function Diff({ from, to }: { from: string; to: string }) {
  const parts = useMemo(() => elide(wordDiff(from, to)), [from, to]);
  return (
    <span
      dir="auto"
      className="mt-0.5 block whitespace-pre-wrap text-dense text-fg-2 [overflow-wrap:anywhere]"
    >
      {parts.map((p, i) => {
        if (p.kind === "same") return p.text;
        const Mark = p.kind === "removed" ? "del" : "ins";
        return (
          <Mark
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
            key={i}
            className={
              p.kind === "removed" ? "text-fg-3 line-through" : "text-fg underline decoration-accent"
            }
          >
            <span className="sr-only">{` ${t(`timeline.${p.kind}`)}: `}</span>
            {p.text}
          </Mark>
        );
      })}
    </span>
  );
}
