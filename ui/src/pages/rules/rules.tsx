import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { ruleApi, rulesQuery } from "@/api/rules";
import type { Rule } from "@/api/types";
import { useLaunch } from "@/app/launch";
import { Page } from "@/app/page";
import { toasts } from "@/app/toasts";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { Empty, explain, Failure, RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { RuleEditor } from "./rule-editor";

type Editing = Rule | "new" | undefined;

export default function Rules() {
  const launch = useLaunch();
  const { data, error, isPending, refetch } = useQuery(rulesQuery(launch.id));
  const [editing, setEditing] = useState<Editing>();
  return (
    <Page
      title={t("nav.rules")}
      note={t("rules.note")}
      actions={
        <Button look="primary" icon={Plus} onClick={() => setEditing("new")}>
          {t("rules.new")}
        </Button>
      }
    >
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={5} />
        </Panel>
      ) : null}
      {data?.length === 0 ? (
        <Empty
          title={t("rules.none")}
          action={<Button onClick={() => setEditing("new")}>{t("rules.new")}</Button>}
        >
          <p>{t("rules.noneText")}</p>
        </Empty>
      ) : null}
      {data?.length ? (
        <Panel>
          <ol>
            {[...data]
              .sort((a, b) => a.position - b.position)
              .map((r) => (
                <RuleRow key={r.id} rule={r} launchId={launch.id} onEdit={() => setEditing(r)} />
              ))}
          </ol>
        </Panel>
      ) : null}
      {editing ? (
        <RuleEditor
          rule={editing === "new" ? undefined : editing}
          launchId={launch.id}
          onClose={() => setEditing(undefined)}
        />
      ) : null}
    </Page>
  );
}

function RuleRow({ rule, launchId, onEdit }: { rule: Rule; launchId: string; onEdit: () => void }) {
  const cache = useQueryClient();
  const toggle = useMutation({
    mutationFn: (enabled: boolean) => ruleApi.patch(rule.id, { enabled }),
    onSettled: () => cache.invalidateQueries({ queryKey: rulesQuery(launchId).queryKey }),
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
  });
  return (
    <li className="relative grid grid-cols-[24px_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-0.5 border-line px-3 py-2 not-first:border-t hover:bg-hover md:grid-cols-[24px_minmax(0,220px)_minmax(0,1fr)_auto_72px]">
      <input
        type="checkbox"
        className="relative z-10 size-3.5 accent-accent"
        aria-label={t("rules.enabled", { name: rule.name })}
        checked={toggle.isPending ? toggle.variables : rule.enabled}
        onChange={(e) => toggle.mutate(e.target.checked)}
      />
      <button
        type="button"
        onClick={onEdit}
        className="truncate text-left font-550 after:absolute after:inset-0"
      >
        {rule.name}
      </button>
      <span className="id min-w-0 truncate text-fg-2 max-md:col-start-2 max-md:row-start-2" title={rule.when}>
        {rule.when}
      </span>
      <span className="flex gap-1.5 max-md:hidden">
        {thenWords(rule.then).map((w) => (
          <Tag key={w}>{w}</Tag>
        ))}
      </span>
      <span className="num text-right text-meta text-fg-3">{t("rules.hits", { count: rule.hits })}</span>
      {rule.error ? <p className="col-start-2 col-end-[-1] text-meta text-critical">{rule.error}</p> : null}
    </li>
  );
}

/** What a rule does, in a word each. */
export function thenWords(then: Rule["then"]): string[] {
  return [
    then.severity ? word("severity", then.severity) : "",
    ...(then.tag ?? []).map((tag) => t("rules.tagged", { tag })),
    then.assign ? t("rules.assigned") : "",
    then.ignore ? t("rules.ignored") : "",
  ].filter(Boolean);
}
