import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { issueFeedbackQuery, issueGroupsQuery, splitPreviewQuery } from "@/api/issues";
import type { Issue, SplitPreview } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Checkbox, Field, Input } from "@/ui/field";
import { authorOf } from "../feedback/names";
import { BeforeAfter } from "./outlook";
import type { IssueVerbs } from "./verbs";

/** Takes some of the reports into an issue of their own: one by one, or a whole group that tells the same. */
export function SplitDialog({
  issue,
  verbs,
  onClose,
}: {
  issue: Issue;
  verbs: IssueVerbs;
  onClose: () => void;
}) {
  const list = useInfiniteQuery(issueFeedbackQuery(issue.id));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const groups = useQuery(issueGroupsQuery(issue.id)).data ?? [];
  const [ids, setIds] = useState<string[]>([]);
  const [title, setTitle] = useState("");
  const ready = ids.length > 0 && ids.length < issue.reach.feedback;
  const asked = useDeferredValue(ids);
  const preview = useQuery({
    ...splitPreviewQuery(issue.id, asked),
    enabled: asked.length > 0 && asked.length < issue.reach.feedback,
  });
  const toggle = (id: string) => setIds((s) => (s.includes(id) ? s.filter((x) => x !== id) : [...s, id]));
  const run = () => {
    onClose();
    void verbs.split(ids, title.trim());
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={640}
      title={t("split.title", { key: issue.key })}
      note={t("split.note")}
      footer={
        <>
          <p role="status" className="num mr-auto text-dense text-fg-2">
            {t("split.preview", {
              moved: ids.length,
              stay: issue.reach.feedback - ids.length,
              key: issue.key,
            })}
          </p>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="primary" disabled={!ready} onClick={run}>
            {t("issue.split")}
          </Button>
        </>
      }
    >
      <Field label={t("split.newTitle")} hint={t("split.newTitleHint")}>
        {(w) => (
          <Input
            {...w}
            value={title}
            placeholder={preview.data?.new.title}
            onChange={(e) => setTitle(e.target.value)}
          />
        )}
      </Field>
      {groups.length ? (
        <fieldset className="mt-3">
          <legend className="mb-1 text-dense font-medium">{t("split.groups")}</legend>
          <div className="flex flex-wrap gap-1.5">
            {groups.slice(0, 6).map((g) => (
              <Button
                key={g.feedback_ids[0]}
                size="sm"
                aria-pressed={sameSet(g.feedback_ids, ids)}
                className="!max-w-full !flex-initial aria-pressed:!border-accent aria-pressed:!text-accent-text"
                onClick={() => setIds(sameSet(g.feedback_ids, ids) ? [] : g.feedback_ids)}
              >
                <span className="num">{g.feedback_ids.length}</span>
                <span className="max-w-64 truncate">{g.title}</span>
              </Button>
            ))}
          </div>
        </fieldset>
      ) : null}
      {ready && preview.data ? <Parts issue={issue} preview={preview.data} title={title.trim()} /> : null}
      <fieldset className="mt-3 grid">
        <legend className="mb-1 text-dense font-medium">{t("split.which")}</legend>
        {items.map((f) => (
          <Checkbox
            key={f.id}
            className="flex w-full border-line border-t py-1"
            checked={ids.includes(f.id)}
            onChange={() => toggle(f.id)}
            label={
              <span className="min-w-0 flex-1">
                <span dir="auto" className="line-clamp-2 [overflow-wrap:anywhere]">
                  {f.snippet || f.title}
                </span>
                <span className="text-meta text-fg-3">{authorOf(f)}</span>
              </span>
            }
          />
        ))}
      </fieldset>
      {list.hasNextPage ? (
        <Button className="mt-2" onClick={() => void list.fetchNextPage()}>
          {t("common.more")}
        </Button>
      ) : null}
    </Dialog>
  );
}

const sameSet = (a: string[], b: string[]) => a.length === b.length && a.every((x) => b.includes(x));

function Parts({ issue, preview: p, title }: { issue: Issue; preview: SplitPreview; title: string }) {
  const before = {
    ...p.stays,
    reports: issue.reach.feedback,
    people: issue.reach.people,
    priority: issue.priority,
    severity: issue.severity,
  };
  return (
    <div className="appear mt-3 grid gap-3 rounded-2 bg-muted p-3">
      <div className="grid gap-x-6 gap-y-3 sm:grid-cols-2">
        <BeforeAfter before={before} after={p.stays} name={issue.key} />
        <BeforeAfter after={p.new} name={t("split.new", { title: title || p.new.title })} />
      </div>
      <ul className="grid gap-0.5 text-dense text-fg-2">
        {p.both ? <li>{t("split.both", { count: p.both })}</li> : null}
        <li>{t("preview.nobody")}</li>
      </ul>
    </div>
  );
}
