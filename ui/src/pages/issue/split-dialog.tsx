import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { issueFeedbackQuery } from "@/api/issues";
import type { Issue } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Checkbox, Field, Input } from "@/ui/field";
import { authorOf } from "../feedback/names";
import type { IssueVerbs } from "./verbs";

/** Takes some of the reports into an issue of their own. */
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
  const [ids, setIds] = useState<string[]>([]);
  const [title, setTitle] = useState("");
  const ready = ids.length > 0 && ids.length < issue.reach.feedback;
  const toggle = (id: string) => setIds((s) => (s.includes(id) ? s.filter((x) => x !== id) : [...s, id]));
  const run = () => {
    onClose();
    void verbs.split(ids, title.trim());
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={600}
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
        {(w) => <Input {...w} value={title} onChange={(e) => setTitle(e.target.value)} />}
      </Field>
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
