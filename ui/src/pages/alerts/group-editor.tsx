import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Save } from "lucide-react";
import { useRef, useState } from "react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import { ruleCheckQuery, ruleGroupApi, ruleGroupsQuery } from "@/api/alerts";
import type { RuleCheck } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Button, buttonClass } from "@/ui/button";
import { Glyph } from "@/ui/glyph";
import { Panel } from "@/ui/panel";
import { explain, Failure, FormError, Skeleton } from "@/ui/states";
import { DocumentEditor, type EditorHandle } from "../apis/document-editor";
import { useRested } from "../apis/use-rested";
import { newGroup } from "./rule-groups";
import { sampleRules } from "./sample";

const route = getRouteApi("/app/gateway/alerts");

/** One group of rules as text, checked while it is written. */
export function GroupEditor({ name, mayChange }: { name: string; mayChange: boolean }) {
  const groups = useQuery(ruleGroupsQuery);
  const found = groups.data?.find((g) => g.name === name);
  if (groups.error) return <Failure error={groups.error} onRetry={() => void groups.refetch()} />;
  if (groups.isPending)
    return (
      <Panel>
        <Skeleton rows={12} />
      </Panel>
    );
  if (!found && name !== newGroup)
    return <p className="py-8 text-center text-fg-2">{t("groups.gone", { name })}</p>;
  return <Editor key={name} saved={found?.document} name={found?.name} mayChange={mayChange} />;
}

function Editor({
  saved,
  name,
  mayChange,
}: {
  saved: string | undefined;
  name: string | undefined;
  mayChange: boolean;
}) {
  const navigate = route.useNavigate();
  const cache = useQueryClient();
  const [text, setText] = useState(saved ?? sampleRules);
  const editor = useRef<EditorHandle>(null);
  const rested = useRested(text, 250);
  const check = useQuery(ruleCheckQuery(rested));
  const current = rested === text && !check.isPlaceholderData ? check.data : undefined;
  const done = () => {
    void cache.invalidateQueries({ queryKey: ruleGroupsQuery.queryKey });
    void navigate({ search: { tab: "rules" } });
  };
  const save = useMutation({
    mutationFn: (to: string) => ruleGroupApi.put(to, text),
    onSuccess: async (_, to) => {
      // The name is in the document: under another one the old group goes.
      if (name && name !== to) await ruleGroupApi.remove(name);
      toasts.show(t("toast.saved"));
      done();
    },
  });
  const remove = useMutation({
    mutationFn: () => ruleGroupApi.remove(name ?? ""),
    onSuccess: () => {
      toasts.show(t("groups.removed", { name: name ?? "" }));
      done();
    },
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
  });
  const can = mayChange && text !== saved && current?.valid === true && !save.isPending;
  const send = () => {
    if (can && current?.name) save.mutate(current.name);
  };
  useActions([
    {
      id: "alerts.save",
      keys: ["mod+enter"],
      scope: "list",
      label: t("action.saveRules"),
      hint: t("common.save"),
      icon: Save,
      when: () => can,
      run: send,
    },
  ]);
  return (
    <div className="grid min-h-0 flex-1 items-start gap-3 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <Panel title={name ?? t("groups.new")} note={mayChange ? null : t("groups.mayNot")}>
        <DocumentEditor
          ref={editor}
          value={text}
          faults={(current?.faults ?? []).map((f) => ({
            line: f.line,
            path: `${f.column}`,
            reason: f.reason,
          }))}
          onChange={setText}
          onSubmit={send}
        />
      </Panel>
      <div className="grid min-w-0 gap-3 lg:sticky lg:top-3">
        <Panel
          title={t("edit.check")}
          actions={
            mayChange ? (
              <>
                {name ? (
                  <Button size="sm" look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
                    {t("common.remove")}
                  </Button>
                ) : null}
                <ActionButton action="alerts.save" look="primary" size="sm">
                  {t("common.save")}
                </ActionButton>
              </>
            ) : null
          }
        >
          <div className="grid gap-3 border-line border-t px-3 py-2.5">
            <FormError error={save.error ?? check.error} />
            <Verdict check={current} onLine={(line) => editor.current?.goTo(line)} />
          </div>
        </Panel>
        <p className="px-1 text-meta text-fg-2">{t("groups.help")}</p>
        <Link
          to="/gateway/alerts"
          search={{ tab: "rules" }}
          className={buttonClass("ghost", "md", "justify-self-start")}
        >
          {t("groups.back")}
        </Link>
      </div>
    </div>
  );
}

/** What the server says of the document: its faults with their lines, or what it holds. */
function Verdict({ check, onLine }: { check: RuleCheck | undefined; onLine: (line: number) => void }) {
  if (!check)
    return (
      <p role="status" className="flex items-center gap-1.5 text-fg-2">
        <Glyph state="idle" />
        {t("edit.checking")}
      </p>
    );
  if (check.valid)
    return (
      <p role="status" className="flex items-center gap-1.5 font-550">
        <Glyph state="ok" />
        {t("groups.valid")}{" "}
        {[
          t("groups.alerting", { count: check.alerting }),
          t("groups.recording", { count: check.recording }),
        ].join(" · ")}
      </p>
    );
  return (
    <div role="status" className="grid gap-1.5">
      <p className="flex items-center gap-1.5 font-550">
        <Glyph state="critical" />
        {t("groups.faults", { count: check.faults.length })}
      </p>
      <ul className="grid gap-1">
        {check.faults.slice(0, 50).map((f) => (
          <li key={`${f.line} ${f.column} ${f.reason}`}>
            <button
              type="button"
              onClick={() => onLine(f.line || 1)}
              className="grid w-full grid-cols-[auto_minmax(0,1fr)] gap-x-2 rounded-1 px-1 py-0.5 text-left text-dense hover:bg-hover"
            >
              <span className="num text-critical">{t("edit.line", { line: f.line || 1 })}</span>
              <span data-user="" className="min-w-0 [overflow-wrap:anywhere]">
                {f.reason}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
