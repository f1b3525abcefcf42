import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { FeedbackPatch } from "@/api/types";
import { usersQuery } from "@/api/workspace";
import { t, word } from "@/i18n";
import { Avatar } from "@/ui/avatar";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { Glyph, stateOfSeverity } from "@/ui/glyph";
import { categories, severities } from "../shared/vocabulary";
import { JoinDialog } from "./join-dialog";
import { PickDialog, type PickOption } from "./pick-dialog";

/** Reading dates in words is dear, so it comes with the dialog. */
const LaterDialog = lazy(() => import("./later/later-dialog"));

/** What is asked about which reports before something is done to them. */
export interface Asking {
  what: "later" | "join" | "severity" | "category" | "assignee" | "tag";
  ids: string[];
}

interface Props {
  asking: Asking | undefined;
  launchId: string;
  onClose: () => void;
  onLater: (ids: string[], until: string) => void;
  onJoin: (ids: string[], issueId: string) => void;
  onChange: (ids: string[], change: FeedbackPatch) => void;
}

/** The dialogs of the list: one at a time, about the selected reports or the open one. */
export function InboxDialogs({ asking, launchId, onClose, onLater, onJoin, onChange }: Props) {
  if (!asking) return null;
  const { what, ids } = asking;
  const change = (patch: FeedbackPatch) => {
    onClose();
    onChange(ids, patch);
  };
  if (what === "later") {
    return (
      <Suspense>
        <LaterDialog
          onClose={onClose}
          onPick={(until) => {
            onClose();
            onLater(ids, until);
          }}
        />
      </Suspense>
    );
  }
  if (what === "join") {
    return (
      <JoinDialog
        launchId={launchId}
        related={undefined}
        onClose={onClose}
        onJoin={(issueId) => {
          onClose();
          onJoin(ids, issueId);
        }}
      />
    );
  }
  if (what === "tag") return <TagDialog count={ids.length} onClose={onClose} onAdd={change} />;
  if (what === "assignee") return <AssignDialog count={ids.length} onClose={onClose} onPick={change} />;
  return (
    <PickDialog
      title={t("bulk.pick", { name: t(`facet.${what}`), count: ids.length })}
      options={what === "severity" ? severityOptions() : categoryOptions()}
      onPick={(value) => change({ [what]: value } as FeedbackPatch)}
      onClose={onClose}
    />
  );
}

const severityOptions = (): PickOption[] =>
  severities.map((s, i) => ({
    value: s,
    text: word("severity.long", s),
    keys: String(i + 1),
    label: (
      <>
        <Glyph state={stateOfSeverity(s)} />
        {word("severity.long", s)}
      </>
    ),
  }));

const categoryOptions = (): PickOption[] =>
  categories.map((c) => ({ value: c, text: word("category", c), label: word("category", c) }));

function AssignDialog({
  count,
  onClose,
  onPick,
}: {
  count: number;
  onClose: () => void;
  onPick: (change: FeedbackPatch) => void;
}) {
  const people = useQuery({ ...usersQuery, retry: false }).data ?? [];
  const options: PickOption[] = people.map((p) => ({
    value: p.id,
    text: p.name,
    label: (
      <>
        <Avatar name={p.name} small />
        {p.name}
      </>
    ),
  }));
  options.push({ value: "", text: t("common.nobody"), label: t("common.nobody") });
  return (
    <PickDialog
      title={t("bulk.pick", { name: t("facet.assignee"), count })}
      options={options}
      onPick={(assignee_id) => onPick({ assignee_id })}
      onClose={onClose}
    />
  );
}

function TagDialog({
  count,
  onClose,
  onAdd,
}: {
  count: number;
  onClose: () => void;
  onAdd: (change: FeedbackPatch) => void;
}) {
  const [typed, setTyped] = useState("");
  const tags = typed
    .split(",")
    .map((x) => x.trim())
    .filter(Boolean);
  return (
    <Dialog open onClose={onClose} title={t("bulk.tagTitle", { count })} width={400}>
      <form
        className="flex items-start gap-2"
        onSubmit={(e) => {
          e.preventDefault();
          if (tags.length) onAdd({ add_tags: tags });
        }}
      >
        <div className="flex-1">
          <Field label={t("facet.tag")} hint={t("bulk.tagHint")}>
            {(w) => <Input {...w} autoFocus value={typed} onChange={(e) => setTyped(e.target.value)} />}
          </Field>
        </div>
        <Button type="submit" look="primary" className="mt-[21px] !h-8" disabled={tags.length === 0}>
          {t("bulk.tagDo")}
        </Button>
      </form>
    </Dialog>
  );
}
