import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { isStatus } from "@/api/error";
import { apisQuery, gatewayApi, outlineQuery } from "@/api/gateway";
import type { ApiVersion, OutlineApi } from "@/api/types";
import { Trans, t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { Failure, FormError, Skeleton } from "@/ui/states";
import {
  asks,
  headersOf,
  type LifeForm,
  type LifeState,
  lifeForm,
  lifeStates,
  nextState,
  versionName,
} from "./life";
import { usePublished } from "./use-publish";

/** Brings a version of an API into another state, and says before what its callers will get. */
export function StateDialog({ api, onClose }: { api: OutlineApi; onClose: () => void }) {
  const list = useQuery({ ...apisQuery, staleTime: 0 });
  const outline = useQuery(outlineQuery);
  // What the change is made from; another publication meanwhile is refused by the server, and looked at first.
  const [base, setBase] = useState(outline.data?.number ?? 0);
  const [waiting, setWaiting] = useState(false);
  const published = usePublished();
  const set = useMutation({
    mutationFn: (f: LifeForm) => gatewayApi.setState(api.name, nextState(api.version ?? "", f, base)),
    onSuccess: (p) => {
      onClose();
      return published(p);
    },
  });
  const now = list.data?.items
    .find((a) => a.name === api.name)
    ?.versions.find((v) => v.version === (api.version ?? ""));
  const lookAgain = async () => {
    setWaiting(true);
    const [next] = await Promise.all([outline.refetch(), list.refetch()]);
    setBase(next.data?.number ?? base);
    setWaiting(false);
    set.reset();
  };
  const ready = now && !list.isPending && !waiting;
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("life.title", { name: versionName(api) })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="life" look="primary" disabled={!ready || set.isPending}>
            {t("life.set")}
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
        <FormError error={set.error} />
        {isStatus(set.error, 409) ? (
          <Button className="justify-self-start" onClick={() => void lookAgain()}>
            {t("life.again")}
          </Button>
        ) : null}
        {ready ? <LifeFields key={base} version={now} onSubmit={(f) => set.mutate(f)} /> : null}
        {list.data && !now && !waiting ? <p className="text-fg-2">{t("life.gone")}</p> : null}
        {list.isPending || waiting ? <Skeleton rows={5} className="!px-0" /> : null}
      </div>
    </Dialog>
  );
}

function LifeFields({ version, onSubmit }: { version: ApiVersion; onSubmit: (f: LifeForm) => void }) {
  const [form, setForm] = useState(() => lifeForm(version, new Date().toISOString().slice(0, 10)));
  const put = (part: Partial<LifeForm>) => setForm({ ...form, ...part });
  const a = asks(form.state);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    onSubmit(form);
  };
  return (
    <form id="life" onSubmit={submit} className="grid gap-4">
      <Field label={t("life.state")} hint={<Tells form={form} />}>
        {(w) => (
          <Select
            {...w}
            autoFocus
            value={form.state}
            onChange={(e) => put({ state: e.target.value as LifeState })}
            options={lifeStates.map((s) => ({ value: s, label: word("apiState", s) }))}
          />
        )}
      </Field>
      {a.since ? (
        <Field label={t("life.since")}>
          {(w) => (
            <Input
              {...w}
              type="date"
              required
              value={form.since}
              onChange={(e) => put({ since: e.target.value })}
            />
          )}
        </Field>
      ) : null}
      {a.sunset ? (
        <Field label={t("life.sunset")} hint={t("life.sunsetHint")}>
          {(w) => (
            <Input
              {...w}
              type="date"
              min={a.since ? form.since : undefined}
              value={form.sunset}
              onChange={(e) => put({ sunset: e.target.value })}
            />
          )}
        </Field>
      ) : null}
      {a.docs ? (
        <Field label={t("life.docs")} hint={t("life.docsHint")}>
          {(w) => (
            <Input
              {...w}
              type="url"
              maxLength={1000}
              value={form.docs}
              onChange={(e) => put({ docs: e.target.value })}
            />
          )}
        </Field>
      ) : null}
      <Field label={t("life.note")} hint={t("life.noteHint")}>
        {(w) => (
          <Input {...w} maxLength={500} value={form.note} onChange={(e) => put({ note: e.target.value })} />
        )}
      </Field>
    </form>
  );
}

/** One sentence on what callers get in this state. */
function Tells({ form }: { form: LifeForm }) {
  if (form.state === "deprecated")
    return (
      <Trans
        k="life.tells.deprecated"
        values={{ headers: <code className="id">{headersOf(form).join(", ")}</code> }}
      />
    );
  if (form.state === "draft")
    return <Trans k="life.tells.draft" values={{ header: <code className="id">X-Preview-Key</code> }} />;
  return t(form.state === "retired" ? "life.tells.retired" : "life.tells.published");
}
