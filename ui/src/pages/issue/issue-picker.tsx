import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { issueSearchQuery, similarIssuesQuery } from "@/api/issues";
import type { Issue } from "@/api/types";
import { t } from "@/i18n";
import { percent } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Input } from "@/ui/field";
import { Glyph, stateOfSeverity } from "@/ui/glyph";

/** Chooses one issue of a launch: those that are alike first, then whatever the typing finds. */
export function IssuePicker({
  launchId,
  like,
  except,
  legend,
  offered = [],
  chosen,
  onChoose,
}: {
  launchId: string;
  /** The issue whose like ones are offered before anything is typed. */
  like?: string;
  except: string[];
  legend: string;
  /** Issues that are offered before all others. */
  offered?: Issue[];
  chosen: Issue | undefined;
  onChoose: (issue: Issue) => void;
}) {
  const [typed, setTyped] = useState("");
  const q = useDeferredValue(typed.trim());
  const similar = useQuery({ ...similarIssuesQuery(like ?? ""), enabled: Boolean(like) }).data ?? [];
  const found = useQuery(issueSearchQuery(launchId, q)).data ?? [];
  const why = new Map(
    similar.map((s) => [s.issue.id, t("merge.like", { percent: percent(s.confidence), reason: s.reason })]),
  );
  // Of several that become one, one of them stays, unless another is looked for.
  const start = offered.length ? offered : [...similar.map((s) => s.issue), ...found];
  const list = (typed ? found : start)
    .filter((i, at, all) => !except.includes(i.id) && all.findIndex((x) => x.id === i.id) === at)
    .slice(0, Math.max(8, offered.length));
  return (
    <>
      <Input
        autoFocus
        aria-label={t("join.search")}
        placeholder={t("join.search")}
        value={typed}
        onChange={(e) => setTyped(e.target.value)}
      />
      <fieldset className="mt-3 grid max-h-[min(270px,34dvh)] gap-1 overflow-y-auto">
        <legend className="sr-only">{legend}</legend>
        {list.map((i) => (
          <label
            key={i.id}
            className={cx(
              "grid cursor-pointer grid-cols-[16px_12px_56px_minmax(0,1fr)_auto] items-center gap-x-2 rounded-2 px-2 py-1.5 hover:bg-hover",
              chosen?.id === i.id && "bg-selected",
            )}
          >
            <input
              type="radio"
              name="issue"
              className="accent-accent"
              checked={chosen?.id === i.id}
              onChange={() => onChoose(i)}
            />
            <Glyph state={stateOfSeverity(i.severity)} />
            <span className="id text-fg-3">{i.key}</span>
            <span className="truncate font-550">{i.title}</span>
            <span className="num text-meta text-fg-3">{t("issue.reports", { count: i.reach.feedback })}</span>
            {why.has(i.id) ? (
              <span className="col-span-2 col-start-4 text-meta text-fg-3">{why.get(i.id)}</span>
            ) : null}
          </label>
        ))}
      </fieldset>
      {list.length === 0 ? <p className="mt-1 text-fg-2">{t("join.none")}</p> : null}
    </>
  );
}
