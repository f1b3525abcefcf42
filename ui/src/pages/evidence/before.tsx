import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { BeforeCall, Evidence, Feedback } from "@/api/types";
import { t, word } from "@/i18n";
import { number } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { TracePart } from "../trace/trace-part";

const columns =
  "grid w-full grid-cols-[46px_46px_minmax(0,1fr)_34px_52px] items-center gap-x-3 px-3 sm:grid-cols-[52px_52px_minmax(0,1fr)_36px_minmax(60px,170px)_56px]";

/** "−1:52", as the report's clock counts. */
export function offset(ms: number): string {
  const s = Math.round(Math.abs(ms) / 1000);
  return `${ms < 0 ? "−" : "+"}${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

const ms = (us = 0): number => Math.round(us / 1000);

/** The calls of whoever reported, up to the report; a bad one opens where its time went. */
export function Before({ found, feedback }: { found: Evidence; feedback: Feedback }) {
  const bad = found.before.find((c) => c.bad);
  const [open, setOpen] = useState<string | undefined>(bad?.id);
  const slowest = Math.max(1, ...found.before.map((c) => c.latency_us ?? 0));
  if (!found.before.length && !found.calls_total) return null;
  const user = found.before.find((c) => c.user)?.user;
  const session = found.before.find((c) => c.session)?.session;
  const q = user ? `user:${quoted(user)}` : session ? `session:${quoted(session)}` : undefined;
  return (
    <section aria-label={t("evidence.before")} className="grid grid-cols-1 gap-2">
      <h3 className="flex flex-wrap items-baseline gap-x-2 text-body font-semibold">
        {t("evidence.before")}
        {found.before.length ? (
          <span className="text-dense font-normal text-fg-2">
            {t("evidence.calls", { count: found.before.length, join: word("tie", found.tied_by) })}
          </span>
        ) : null}
        {q ? (
          <Link
            to="/gateway/calls"
            search={{ q, from: found.window.from, to: found.window.to }}
            className="link ml-auto text-dense font-medium"
          >
            {t("evidence.all", { count: number(found.calls_total) })}
          </Link>
        ) : null}
      </h3>
      {found.before.length ? (
        <ol className="overflow-hidden rounded-3 border border-line bg-surface" data-user="">
          {found.before.map((c) => (
            <Row
              key={c.id}
              call={c}
              slowest={slowest}
              open={open === c.id}
              at={feedback.occurred_at}
              onOpen={() => setOpen(open === c.id ? undefined : c.id)}
            />
          ))}
        </ol>
      ) : (
        <p className="text-fg-3">{t("evidence.noneBefore")}</p>
      )}
    </section>
  );
}

const quoted = (v: string): string => (/[\s"]/.test(v) ? JSON.stringify(v) : v);

function Row({
  call: c,
  slowest,
  open,
  onOpen,
}: {
  call: BeforeCall;
  slowest: number;
  open: boolean;
  at: string;
  onOpen: () => void;
}) {
  const path = c.path ?? c.route ?? "";
  const status = c.status ?? 0;
  const row = (
    <>
      <span className="num text-left text-[12px] text-fg-2">{offset(c.offset_ms)}</span>
      <span className="id text-left text-fg-2">{c.method}</span>
      <span className="id truncate text-left">{path}</span>
      <span
        className={cx(
          "id num text-right",
          c.bad ? "font-semibold text-critical" : status >= 400 ? "text-watch" : "text-ok",
        )}
      >
        {status || ""}
      </span>
      <span className="max-sm:hidden" aria-hidden="true">
        <span
          className={cx("block h-[7px] min-w-[3px] rounded-1", c.bad ? "bg-critical-fill" : "bg-s1")}
          style={{ width: `${Math.max(2, (100 * (c.latency_us ?? 0)) / slowest)}%` }}
        />
      </span>
      <span className={cx("num text-right text-[12px]", c.bad ? "font-semibold text-critical" : "text-fg-2")}>
        {number(ms(c.latency_us))}
      </span>
    </>
  );
  return (
    <li className="border-line not-first:border-t">
      {c.trace ? (
        <button
          type="button"
          aria-expanded={open}
          title={t("evidence.openTrace", { path })}
          onClick={onOpen}
          className={cx(columns, "h-7 pointer-coarse:h-10", c.bad ? "bg-critical-soft" : "hover:bg-hover")}
        >
          {row}
        </button>
      ) : (
        <div className={cx(columns, "h-7", c.bad && "bg-critical-soft")}>{row}</div>
      )}
      {open && c.trace ? (
        <div className="border-line border-t bg-canvas px-3 py-2">
          <TracePart id={c.trace} />
        </div>
      ) : null}
    </li>
  );
}
