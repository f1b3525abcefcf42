import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { mergePreviewQuery } from "@/api/issues";
import type { Issue, MergePreview } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { explain } from "@/ui/states";
import { IssuePicker } from "./issue-picker";
import { BeforeAfter } from "./outlook";

/**
 * Merges one issue into another, or several into one of them, and shows what that makes before it is made.
 */
export function MergeDialog({
  issues,
  launchId,
  onMerge,
  onClose,
}: {
  issues: Issue[];
  launchId: string;
  onMerge: (into: Issue) => void;
  onClose: () => void;
}) {
  const many = issues.length > 1;
  const [into, setInto] = useState<Issue | undefined>(many ? widest(issues) : undefined);
  const first = issues[0];
  const going = issues.filter((i) => i.id !== into?.id);
  const preview = useQuery({
    ...mergePreviewQuery(
      launchId,
      going.map((i) => i.id),
      into?.id ?? "",
    ),
    enabled: into !== undefined && going.length > 0,
  });
  const shown = into && preview.data?.into.id === into.id ? preview.data : undefined;
  const run = () => {
    if (!into) return;
    onClose();
    onMerge(into);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={600}
      title={
        many ? t("merge.titleMany", { count: issues.length }) : t("merge.title", { key: first?.key ?? "" })
      }
      note={t("merge.note")}
      footer={
        <>
          <p role="status" className="mr-auto text-dense text-fg-2">
            {preview.error
              ? explain(preview.error)
              : shown
                ? t("merge.preview", {
                    key: shown.into.key,
                    count: shown.after.reports,
                    from: going.map((i) => i.key).join(", "),
                  })
                : t("merge.choose")}
          </p>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="primary" disabled={!into || Boolean(preview.error)} onClick={run}>
            {t("issue.merge")}
          </Button>
        </>
      }
    >
      <IssuePicker
        launchId={launchId}
        like={many ? undefined : first?.id}
        except={many ? [] : [first?.id ?? ""]}
        offered={many ? issues : []}
        legend={t("merge.choose")}
        chosen={into}
        onChoose={setInto}
      />
      {shown ? <Outcome preview={shown} /> : null}
    </Dialog>
  );
}

/** The one that most people reported is what the others are most likely merged into. */
export function widest(issues: Issue[]): Issue | undefined {
  return [...issues].sort((a, b) => b.reach.feedback - a.reach.feedback || a.number - b.number)[0];
}

function Outcome({ preview: p }: { preview: MergePreview }) {
  const before = {
    ...p.after,
    severity: p.into.severity,
    reports: p.into.reach.feedback,
    people: p.into.reach.people,
    priority: p.into.priority,
  };
  const counted = p.into.reach.people + p.from.reduce((n, i) => n + i.reach.people, 0);
  return (
    <div className="appear mt-3 grid gap-2 rounded-2 bg-muted p-3">
      <BeforeAfter before={before} after={p.after} name={`${p.into.key} ${p.into.title}`} />
      <ul className="grid gap-0.5 text-dense text-fg-2">
        {p.from.map((i) => (
          <li key={i.id}>{t("merge.moves", { key: i.key, count: i.reach.feedback })}</li>
        ))}
        {counted > p.after.people ? <li>{t("merge.both", { count: counted - p.after.people })}</li> : null}
        {p.links_moved ? <li>{t("merge.links", { count: p.links_moved })}</li> : null}
        {p.links_dropped ? <li>{t("merge.linksDropped", { count: p.links_dropped })}</li> : null}
        {p.after.suggested_severity ? <li>{p.after.suggested_severity.reason}</li> : null}
        <li>{t("preview.nobody")}</li>
      </ul>
    </div>
  );
}
