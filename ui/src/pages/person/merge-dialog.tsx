import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useDeferredValue, useState } from "react";
import { feedbackApi } from "@/api/feedback";
import { peopleApi, peopleQuery } from "@/api/people";
import type { Person } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Avatar } from "@/ui/avatar";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { explain, FormError } from "@/ui/states";
import { nameOf } from "../people/names";

/** Merges a person into another, who is named or looked for; first it says what will move. */
export function MergeDialog({
  person,
  into,
  reason = "",
  onClose,
}: {
  person: Person;
  into?: Person;
  reason?: string;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [to, setTo] = useState(into);
  const [why, setWhy] = useState(reason);
  const preview = useQuery({
    queryKey: ["people", "preview", person.id, to?.id],
    queryFn: () => peopleApi.merge(person.id, to?.id ?? "", "", true),
    enabled: to !== undefined,
  });
  const merge = useMutation({
    mutationFn: () => peopleApi.merge(person.id, to?.id ?? "", why),
    onSuccess: (r) => {
      const back = r.undo_id;
      toasts.show(t("toast.personMerged"), {
        undo: back
          ? () =>
              void feedbackApi
                .undo(back)
                .then(() => toasts.show(t("toast.personBack")))
                .catch((e: unknown) => toasts.show(explain(e), { tone: "error" }))
                .then(() => cache.invalidateQueries({ queryKey: ["people"] }))
          : undefined,
      });
      onClose();
      if (r.person) void navigate({ to: "/people/$personId", params: { personId: r.person.id } });
      return cache.invalidateQueries({ queryKey: ["people"] });
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("mergePerson.title", { name: nameOf(person) })}
      note={t("mergePerson.note")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            look="primary"
            disabled={!to || !why.trim() || merge.isPending}
            onClick={() => merge.mutate()}
          >
            {t("mergePerson.go")}
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        <FormError error={merge.error ?? preview.error} />
        {into ? <Chosen person={into} /> : <Find not={person.id} chosen={to} onChoose={setTo} />}
        <Field label={t("mergePerson.reason")}>
          {(w) => (
            <Input {...w} data-user="" maxLength={300} value={why} onChange={(e) => setWhy(e.target.value)} />
          )}
        </Field>
        {preview.data ? (
          <p role="status" className="text-fg-2">
            {t("mergePerson.preview", {
              identities: preview.data.identities,
              feedback: preview.data.feedback,
            })}
          </p>
        ) : null}
      </div>
    </Dialog>
  );
}

function Chosen({ person: p }: { person: Person }) {
  return (
    <p className="flex items-center gap-2">
      <span className="text-fg-3">{t("mergePerson.into")}</span>
      <Avatar name={nameOf(p)} />
      <span data-user="" className="font-550">
        {nameOf(p)}
      </span>
    </p>
  );
}

function Find({ not, chosen, onChoose }: { not: string; chosen?: Person; onChoose: (p: Person) => void }) {
  const [q, setQ] = useState("");
  const wanted = useDeferredValue(q.trim());
  const { data } = useInfiniteQuery(peopleQuery({ q: wanted || undefined }));
  const list = (data?.pages[0]?.items ?? []).filter((p) => p.id !== not).slice(0, 6);
  return (
    <div className="grid gap-1">
      <Field label={t("mergePerson.into")}>
        {(w) => (
          <Input
            {...w}
            data-user=""
            placeholder={t("mergePerson.find")}
            value={q}
            onChange={(e) => setQ(e.target.value)}
          />
        )}
      </Field>
      <div role="radiogroup" aria-label={t("mergePerson.into")} className="grid">
        {list.map((p) => (
          <label
            key={p.id}
            className={cx(
              "flex min-h-8 cursor-pointer items-center gap-2 rounded-2 px-2 text-row has-focus-visible:outline-2 has-focus-visible:outline-focus",
              p.id === chosen?.id ? "bg-selected" : "hover:bg-hover",
            )}
          >
            <input
              type="radio"
              name="into"
              className="accent-accent"
              checked={p.id === chosen?.id}
              onChange={() => onChoose(p)}
            />
            <span data-user="" className="truncate">
              {nameOf(p)}
            </span>
            {p.name ? (
              <span data-user="" className="truncate text-meta text-fg-3">
                {p.email}
              </span>
            ) : null}
          </label>
        ))}
      </div>
    </div>
  );
}
