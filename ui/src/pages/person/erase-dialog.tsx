import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { erasureQuery, peopleApi } from "@/api/people";
import type { Person } from "@/api/types";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { FormError } from "@/ui/states";
import { nameOf } from "../people/names";

/** Asks twice, then shows how far it is: it can't be taken back. */
export function EraseDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const erase = useMutation({ mutationFn: () => peopleApi.erase(person.id) });
  const id = erase.data?.id;
  const close = () => {
    onClose();
    if (!id) return;
    void navigate({ to: "/people" });
    cache.removeQueries({ queryKey: ["people"] });
  };
  const sure = typed.trim().toLowerCase() === t("erasePerson.word").toLowerCase();
  return (
    <Dialog
      open
      onClose={close}
      title={t("erasePerson.title", { name: nameOf(person) })}
      footer={
        id ? (
          <Button look="primary" onClick={close}>
            {t("erasePerson.close")}
          </Button>
        ) : (
          <>
            <Button onClick={close}>{t("common.cancel")}</Button>
            <Button look="danger" disabled={!sure || erase.isPending} onClick={() => erase.mutate()}>
              {t("erasePerson.go")}
            </Button>
          </>
        )
      }
    >
      {id ? (
        <Progress id={id} />
      ) : (
        <div className="grid gap-4">
          <FormError error={erase.error} />
          <p>{t("erasePerson.text")}</p>
          <Field label={t("erasePerson.confirm", { word: t("erasePerson.word") })}>
            {(w) => (
              <Input {...w} autoComplete="off" value={typed} onChange={(e) => setTyped(e.target.value)} />
            )}
          </Field>
        </div>
      )}
    </Dialog>
  );
}

function Progress({ id }: { id: string }) {
  const { data: e, error } = useQuery(erasureQuery(id));
  const { done = 0, steps = 1 } = e ?? {};
  return (
    <div className="grid gap-3">
      <FormError error={error} />
      <p role="status">
        {e?.state === "done" ? t("erasePerson.done") : t("erasePerson.running", { done, steps })}
      </p>
      <progress
        className="h-1.5 w-full accent-accent"
        aria-label={t("erasePerson.running", { done, steps })}
        max={steps}
        value={done}
      />
      {e?.error ? (
        <p data-user="" className="text-critical">
          {e.error}
        </p>
      ) : null}
      <ul className="grid gap-0.5 text-dense text-fg-2">
        {Object.entries(e?.counts ?? {}).map(([store, count]) => (
          <li key={store}>{t("erasePerson.count", { store: word("eraseStore", store), count })}</li>
        ))}
      </ul>
    </div>
  );
}
