import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { peopleApi, suggestionsQuery } from "@/api/people";
import type { Person, PersonSuggestion } from "@/api/types";
import { useMe } from "@/app/launch";
import { toasts } from "@/app/toasts";
import { t, word } from "@/i18n";
import { percent } from "@/i18n/format";
import { Avatar } from "@/ui/avatar";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { Empty, explain, Failure, RowsSkeleton } from "@/ui/states";
import { MergeDialog } from "../person/merge-dialog";
import { nameOf } from "./names";

/** Pairs that may be one person: people decide. */
export function Same() {
  const { data, error, isPending, refetch } = useQuery(suggestionsQuery());
  return (
    <>
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={5} height={56} />
        </Panel>
      ) : null}
      {data?.length === 0 ? (
        <Empty title={t("same.none")}>
          <p>{t("same.noneText")}</p>
        </Empty>
      ) : null}
      {data?.length ? (
        <Panel>
          <SuggestionList list={data} />
        </Panel>
      ) : null}
    </>
  );
}

export function SuggestionList({ list, about }: { list: PersonSuggestion[]; about?: string }) {
  return (
    <ul aria-label={t("people.same")}>
      {list.map((s) => (
        <Pair key={s.id} suggestion={s} about={about} />
      ))}
    </ul>
  );
}

function Pair({ suggestion: s, about }: { suggestion: PersonSuggestion; about?: string }) {
  const cache = useQueryClient();
  const mayDecide = useMe().permissions.includes("work_feedback");
  const [merging, setMerging] = useState(false);
  const different = useMutation({
    mutationFn: () => peopleApi.different(s.id),
    onSuccess: () => {
      toasts.show(t("toast.different"));
      return cache.invalidateQueries({ queryKey: ["people"] });
    },
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
  });
  return (
    <li className="flex min-h-14 flex-wrap items-center gap-x-4 gap-y-1 border-line border-t px-3 py-2 text-row first:border-t-0">
      <span className="flex min-w-0 flex-1 flex-wrap items-center gap-x-4 gap-y-1">
        {[s.a, s.b].map((p) => (p.id === about ? null : <Who key={p.id} person={p} />))}
        <span className="basis-full text-meta text-fg-3">
          {word("sameKind", s.kind)} {t("same.sure", { percent: percent(s.score) })}
        </span>
      </span>
      {mayDecide ? (
        <span className="flex gap-2">
          <Button size="sm" disabled={different.isPending} onClick={() => different.mutate()}>
            {t("same.different")}
          </Button>
          <Button size="sm" look="primary" onClick={() => setMerging(true)}>
            {t("same.merge")}
          </Button>
        </span>
      ) : null}
      {merging ? (
        <MergeDialog
          person={s.a.id === about ? s.a : s.b}
          into={s.a.id === about ? s.b : s.a}
          reason={word("sameKind", s.kind)}
          onClose={() => setMerging(false)}
        />
      ) : null}
    </li>
  );
}

function Who({ person: p }: { person: Person }) {
  return (
    <span className="inline-flex min-w-0 items-center gap-2">
      <Avatar name={nameOf(p)} />
      <Link to="/people/$personId" params={{ personId: p.id }} data-user="" className="link truncate">
        {nameOf(p)}
      </Link>
      {p.name && p.email ? (
        <span data-user="" className="truncate text-meta text-fg-3">
          {p.email}
        </span>
      ) : null}
    </span>
  );
}
