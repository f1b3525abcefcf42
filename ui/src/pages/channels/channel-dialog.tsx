import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, lazy, Suspense, useState } from "react";
import { channelApi, channelKindsQuery, channelsQuery } from "@/api/channels";
import { ApiError } from "@/api/error";
import type { Channel } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Textarea } from "@/ui/field";
import { Failure, FormError, Skeleton } from "@/ui/states";
import { ChannelIcon } from "../feedback/channel-icon";
import { KindFields, split, type Values } from "./channel-form";
import { MappingPreview, useMapping } from "./mapping-preview";

/** The widget shows itself beside its settings. */
const WidgetSettings = lazy(() => import("./widget-settings"));

/** Makes a channel: its kind first, then what the kind asks for. Or changes one. */
export function ChannelDialog({
  launchId,
  channel,
  onClose,
  onDone,
}: {
  launchId: string;
  channel?: Channel;
  onClose: () => void;
  onDone?: (made: Channel) => void;
}) {
  const cache = useQueryClient();
  const kinds = useQuery(channelKindsQuery);
  const [chosen, choose] = useState(channel?.kind);
  const kind = kinds.data?.find((k) => k.name === chosen);
  const [name, setName] = useState(channel?.name ?? "");
  const [values, setValues] = useState<Values>(channel?.settings ?? {});
  const [origins, setOrigins] = useState(channel?.origins.join("\n") ?? "");
  const [limit, setLimit] = useState(channel ? String(channel.per_minute) : "");
  const save = useMutation({
    mutationFn: () => {
      const rest = {
        ...split(kind?.fields ?? [], values),
        origins: origins
          .split("\n")
          .map((o) => o.trim())
          .filter(Boolean),
        per_minute: limit ? Number(limit) : undefined,
      };
      return channel
        ? channelApi.change(channel.id, { ...rest, name: name.trim() || undefined })
        : channelApi.create(launchId, { ...rest, kind: chosen ?? "", name: name.trim() });
    },
    onSuccess: (made) => {
      onClose();
      onDone?.(made);
      void cache.invalidateQueries({ queryKey: ["channel", made.id] });
      return cache.invalidateQueries({ queryKey: channelsQuery(launchId).queryKey });
    },
  });
  const [sample, setSample] = useState("");
  const mapping = useMapping(kind?.name ?? "", values, sample);
  const of = (field: string) =>
    mapping.of(field) ?? (save.error instanceof ApiError ? save.error.field(`settings.${field}`) : undefined);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={560}
      title={channel ? t("channels.edit", { name: channel.name }) : t("channels.new")}
      note={channel || kind ? <span data-user="">{kind?.note}</span> : t("channels.choose")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="channel" look="primary" disabled={!kind || save.isPending}>
            {channel ? t("common.save") : t("channels.add")}
          </Button>
        </>
      }
    >
      <form id="channel" onSubmit={submit} className="grid gap-4">
        <FormError error={save.error} />
        {kinds.error ? <Failure error={kinds.error} onRetry={() => void kinds.refetch()} /> : null}
        {kinds.isPending ? <Skeleton rows={4} className="!px-0" /> : null}
        {channel ? null : (
          <fieldset className="grid gap-1">
            <legend className="sr-only">{t("channels.kind")}</legend>
            <div className="grid grid-cols-2 gap-1.5 sm:grid-cols-3">
              {kinds.data?.map((k) => (
                <label
                  key={k.name}
                  title={k.note}
                  className={cx(
                    "state flex min-h-9 cursor-pointer items-center gap-2 rounded-2 border px-2.5 text-row font-medium has-focus-visible:outline-2 has-focus-visible:outline-focus",
                    k.name === chosen ? "border-accent bg-selected" : "border-line hover:border-line-strong",
                  )}
                >
                  <input
                    type="radio"
                    name="kind"
                    className="sr-only"
                    checked={k.name === chosen}
                    onChange={() => choose(k.name)}
                  />
                  <ChannelIcon channel={k.name} size={15} />
                  <span data-user="" className="truncate">
                    {k.label}
                  </span>
                </label>
              ))}
            </div>
          </fieldset>
        )}
        {kind ? (
          <>
            <Field label={t("channels.name")}>
              {(w) => (
                <Input
                  {...w}
                  data-user=""
                  maxLength={120}
                  placeholder={kind.label}
                  value={name}
                  onChange={(e) => setName(e.target.value)}
                />
              )}
            </Field>
            {kind.name === "widget" ? (
              <Suspense fallback={<Skeleton rows={6} className="!px-0" />}>
                <WidgetSettings
                  fields={kind.fields}
                  values={values}
                  kept={channel?.secrets ?? []}
                  error={of}
                  onChange={setValues}
                />
              </Suspense>
            ) : (
              <KindFields
                fields={kind.fields}
                values={values}
                kept={channel?.secrets ?? []}
                error={of}
                onChange={setValues}
              />
            )}
            {kind.name === "webhook" || kind.name === "cloudevents" ? (
              <MappingPreview sample={sample} onChange={setSample} mapping={mapping} />
            ) : null}
            <details className="grid gap-4">
              <summary className="cursor-pointer text-dense font-medium text-fg-2">
                {t("channels.advanced")}
              </summary>
              <div className="grid gap-4 pt-3">
                <Field label={t("channels.origins")} hint={t("channels.originsHint")}>
                  {(w) => (
                    <Textarea {...w} rows={2} value={origins} onChange={(e) => setOrigins(e.target.value)} />
                  )}
                </Field>
                <Field label={t("channels.limit")} hint={t("channels.limitHint")}>
                  {(w) => (
                    <Input
                      {...w}
                      type="number"
                      min={1}
                      max={1_000_000}
                      value={limit}
                      onChange={(e) => setLimit(e.target.value)}
                    />
                  )}
                </Field>
              </div>
            </details>
          </>
        ) : null}
      </form>
    </Dialog>
  );
}
