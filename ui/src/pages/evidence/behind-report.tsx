import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pin } from "lucide-react";
import { useState } from "react";
import { useActions } from "@/actions/use-actions";
import { evidenceApi, evidenceQuery } from "@/api/evidence";
import type { Evidence, EvidenceItem, Feedback } from "@/api/types";
import { useMe } from "@/app/launch";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { explain, Failure, Skeleton } from "@/ui/states";
import { Before } from "./before";
import { Conversation } from "./conversation";
import { EvidenceList } from "./evidence-list";

/** How many are shown before somebody asks for the weaker ones. */
const few = 3;

/** The heart of a report: that person's own calls, what else happened, and the conversation with them. */
export default function BehindReport({ feedback }: { feedback: Feedback }) {
  const { data, error, refetch } = useQuery(evidenceQuery(feedback.id));
  return (
    <>
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {data ? (
        <Found feedback={feedback} found={data} />
      ) : error ? null : (
        <Skeleton rows={4} className="!p-0" />
      )}
      <Conversation feedback={feedback} />
    </>
  );
}

function Found({ feedback, found }: { feedback: Feedback; found: Evidence }) {
  const mayWork = useMe().permissions.includes("work_feedback");
  const [all, setAll] = useState(false);
  const { pin, vote } = useEvidenceVerbs(feedback.id);
  const strong = found.items.filter((i) => i.strength !== "weak" || i.pinned);
  const shown = all ? found.items : strong.slice(0, Math.max(few, strong.filter((i) => i.pinned).length));
  const first = found.items.find((i) => !i.pinned);
  useActions([
    {
      id: "item.pin",
      keys: ["p"],
      scope: "item",
      label: t("action.pinFirst"),
      icon: Pin,
      when: () => mayWork && first !== undefined,
      run: () => first && pin.mutate({ item: first, pinned: true }),
    },
  ]);
  return (
    <>
      <Before found={found} feedback={feedback} />
      {found.items.length ? (
        <section aria-label={t("evidence.title")} className="grid grid-cols-1 gap-2">
          <h3 className="flex flex-wrap items-baseline gap-x-2 text-body font-semibold">
            {t("evidence.title")}
            <span data-user="" className="text-dense font-normal text-fg-2">
              {found.window.why}
            </span>
          </h3>
          <EvidenceList
            items={shown}
            onPin={mayWork ? (item, pinned) => pin.mutate({ item, pinned }) : undefined}
            onVote={mayWork ? (item, useful) => vote.mutate({ item, useful }) : undefined}
          />
          {found.items.length > shown.length || all ? (
            <Button size="sm" className="justify-self-start" onClick={() => setAll(!all)}>
              {all ? t("evidence.fewer") : t("evidence.more", { count: found.items.length - shown.length })}
            </Button>
          ) : null}
          {found.truncated ? <p className="text-meta text-fg-3">{t("evidence.cut")}</p> : null}
        </section>
      ) : (
        <p className="text-fg-3">{t("evidence.none")}</p>
      )}
    </>
  );
}

/** Pins and votes, shown at once and taken back by Z. */
function useEvidenceVerbs(id: string) {
  const cache = useQueryClient();
  const { queryKey } = evidenceQuery(id);
  const change = (item: EvidenceItem, becomes: Partial<EvidenceItem>) =>
    cache.setQueryData(queryKey, (was) =>
      was ? { ...was, items: was.items.map((i) => (i.id === item.id ? { ...i, ...becomes } : i)) } : was,
    );
  const failed = (e: unknown) => {
    toasts.show(explain(e), { tone: "error" });
    return cache.invalidateQueries({ queryKey });
  };
  const pin = useMutation({
    mutationFn: async ({ item, pinned }: { item: EvidenceItem; pinned: boolean }) => {
      if (pinned) await evidenceApi.pin(id, item.id);
      else await evidenceApi.unpin(id, item.id);
    },
    onMutate: ({ item, pinned }) => change(item, { pinned }),
    onSuccess: (_, { item, pinned }) =>
      toasts.show(t(pinned ? "toast.pinned" : "toast.unpinned"), {
        undo: () => pin.mutate({ item, pinned: !pinned }),
      }),
    onError: failed,
  });
  const vote = useMutation({
    mutationFn: ({ item, useful }: { item: EvidenceItem; useful: boolean }) =>
      evidenceApi.vote(id, item.id, useful),
    onMutate: ({ item, useful }) => change(item, { useful }),
    onSuccess: () => toasts.show(t("toast.voted")),
    onError: failed,
  });
  return { pin, vote };
}
