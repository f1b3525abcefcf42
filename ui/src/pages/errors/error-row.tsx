import { Link } from "@tanstack/react-router";
import type { ErrorGroup } from "@/api/types";
import type { ErrorsSearch } from "@/app/search";
import { t, word } from "@/i18n";
import { compact } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Glyph, type State } from "@/ui/glyph";
import { Spark } from "@/ui/spark";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";

export const columns =
  "grid grid-cols-[18px_minmax(0,1fr)_auto] items-center gap-x-3 px-3 md:grid-cols-[18px_minmax(0,1fr)_84px_64px_56px_84px_84px]";
export const narrowed = "lg:!grid-cols-[18px_minmax(0,1fr)_64px]";

const levels: Record<string, State> = { fatal: "critical", error: "degraded", warning: "watch" };
const states: Record<string, State> = { resolved: "ok", ignored: "idle" };

/** The shape of an error: how grave it is while it is open, and what became of it afterwards. */
export const glyphOf = (e: { state: string; level: string }): State =>
  states[e.state] ?? levels[e.level] ?? "idle";

/** One fault of the list. */
export function ErrorRow({
  error: e,
  search,
  launchId,
}: {
  error: ErrorGroup;
  search: ErrorsSearch;
  launchId: string;
}) {
  const open = search.error !== undefined;
  const current = search.error === e.id;
  const hide = cx("max-md:hidden", open && "lg:hidden");
  const today = e.hours.reduce((a, b) => a + b, 0);
  return (
    <li
      data-error={e.id}
      className={cx(
        columns,
        "relative min-h-11 border-line border-t py-1 text-row hover:bg-hover",
        open && narrowed,
        current && "bg-selected hover:bg-selected",
      )}
    >
      <Glyph state={glyphOf(e)} />
      <span className="grid min-w-0">
        <span className="flex min-w-0 items-center gap-1.5">
          <Link
            to="/launches/$launchId/errors"
            params={{ launchId }}
            search={{ ...search, error: e.id, event: undefined }}
            replace
            data-list-row=""
            data-user=""
            aria-current={current ? "true" : undefined}
            className="truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
          >
            {e.title}
          </Link>
          {e.regressions ? (
            <Tag tone="degraded">{t("errors.regressed", { count: e.regressions })}</Tag>
          ) : null}
          {e.issue ? (
            <Tag title={e.issue.title} user>
              {e.issue.key}
            </Tag>
          ) : null}
        </span>
        <span className="flex min-w-0 gap-1.5 text-meta text-fg-3">
          <span className="sr-only">{word("errorState", e.state)}</span>
          <span data-user="" className="truncate">
            {e.culprit}
          </span>
          {e.last_release ? (
            <span data-user="" className="id flex-none max-sm:hidden">
              {e.last_release}
            </span>
          ) : null}
        </span>
      </span>
      <span className={hide}>
        <Spark values={e.hours} label={t("errors.hoursSpoken", { count: today })} />
      </span>
      <span className="num text-right text-meta text-fg-2">{compact(e.events)}</span>
      <span className={cx("num text-right text-meta text-fg-2", hide)}>{compact(e.users)}</span>
      <span className={cx("truncate text-right text-meta text-fg-3", hide)}>
        <Time at={e.first_at} relative />
      </span>
      <span className={cx("truncate text-right text-meta text-fg-3", hide)}>
        <Time at={e.last_at} relative />
      </span>
    </li>
  );
}
