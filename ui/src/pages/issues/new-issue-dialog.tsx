import { useState } from "react";
import { type Stage, stages } from "@/api/issue-filter";
import type { Issue, IssueInput } from "@/api/types";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select, Textarea } from "@/ui/field";
import { categories, severities } from "../shared/vocabulary";

/** An issue made by hand, in the stage that it was asked for in. */
export function NewIssueDialog({
  stage: start = "intake",
  areas,
  onCreate,
  onClose,
}: {
  stage?: Stage;
  /** Areas that issues of the launch have, offered while typing. */
  areas: string[];
  onCreate: (input: IssueInput) => void;
  onClose: () => void;
}) {
  const [title, setTitle] = useState("");
  const [description, setDescription] = useState("");
  const [severity, setSeverity] = useState<Issue["severity"]>("sev3");
  const [category, setCategory] = useState("bug");
  const [area, setArea] = useState("");
  const [stage, setStage] = useState<Stage>(start);
  const run = () => {
    if (!title.trim()) return;
    onClose();
    onCreate({
      title: title.trim(),
      description: description.trim(),
      severity,
      category,
      area: area.trim(),
      stage,
    });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={520}
      title={t("newIssue.title")}
      note={t("newIssue.note")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="primary" keys="mod+enter" disabled={!title.trim()} onClick={run}>
            {t("newIssue.create")}
          </Button>
        </>
      }
    >
      <form
        className="grid gap-3"
        onSubmit={(e) => {
          e.preventDefault();
          run();
        }}
        onKeyDown={(e) => {
          if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) run();
        }}
      >
        <Field label={t("issue.title")}>
          {(w) => (
            <Input
              {...w}
              autoFocus
              required
              maxLength={200}
              value={title}
              onChange={(e) => setTitle(e.target.value)}
            />
          )}
        </Field>
        <Field label={t("issue.description")}>
          {(w) => (
            <Textarea
              {...w}
              rows={3}
              maxLength={20_000}
              value={description}
              onChange={(e) => setDescription(e.target.value)}
            />
          )}
        </Field>
        <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
          <Field label={t("facet.severity")}>
            {(w) => (
              <Select
                {...w}
                value={severity}
                onChange={(e) => setSeverity(e.target.value as Issue["severity"])}
                options={severities.map((s) => ({ value: s, label: word("severity.long", s) }))}
              />
            )}
          </Field>
          <Field label={t("facet.stage")}>
            {(w) => (
              <Select
                {...w}
                value={stage}
                onChange={(e) => setStage(e.target.value as Stage)}
                options={stages.map((s) => ({ value: s, label: word("stage", s) }))}
              />
            )}
          </Field>
          <Field label={t("facet.category")}>
            {(w) => (
              <Select
                {...w}
                value={category}
                onChange={(e) => setCategory(e.target.value)}
                options={categories.map((c) => ({ value: c, label: word("category", c) }))}
              />
            )}
          </Field>
          <Field label={t("facet.area")}>
            {(w) => (
              <>
                <Input
                  {...w}
                  list={`${w.id}-areas`}
                  maxLength={100}
                  value={area}
                  onChange={(e) => setArea(e.target.value)}
                />
                <datalist id={`${w.id}-areas`}>
                  {areas.map((a) => (
                    <option key={a} value={a} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
        </div>
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
