import { useState } from "react";
import type { Issue, LinkKind } from "@/api/types";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Select } from "@/ui/field";
import { IssuePicker } from "./issue-picker";

export const linkKinds = [
  "relates_to",
  "blocks",
  "blocked_by",
  "duplicates",
  "duplicated_by",
  "causes",
  "caused_by",
] as const satisfies readonly LinkKind[];

/** Ties an issue to another; the sentence at the foot says what is about to be said. */
export function LinkDialog({
  issue,
  launchId,
  onLink,
  onClose,
}: {
  issue: Issue;
  launchId: string;
  onLink: (to: Issue, kind: LinkKind) => void;
  onClose: () => void;
}) {
  const [to, setTo] = useState<Issue>();
  const [kind, setKind] = useState<LinkKind>("relates_to");
  const run = () => {
    if (!to) return;
    onClose();
    onLink(to, kind);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={560}
      title={t("link.title", { key: issue.key })}
      note={t("link.note")}
      footer={
        <>
          <p role="status" className="mr-auto text-dense text-fg-2">
            {to ? t(`link.say.${kind}`, { key: issue.key, other: to.key }) : t("link.choose")}
          </p>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="primary" disabled={!to} onClick={run}>
            {t("issue.link")}
          </Button>
        </>
      }
    >
      <div className="mb-3">
        <Field label={t("link.kind", { key: issue.key })}>
          {(w) => (
            <Select
              {...w}
              value={kind}
              onChange={(e) => setKind(e.target.value as LinkKind)}
              options={linkKinds.map((k) => ({ value: k, label: word("link.kind", k) }))}
            />
          )}
        </Field>
      </div>
      <IssuePicker
        launchId={launchId}
        like={issue.id}
        except={[issue.id]}
        legend={t("link.choose")}
        chosen={to}
        onChoose={setTo}
      />
    </Dialog>
  );
}
