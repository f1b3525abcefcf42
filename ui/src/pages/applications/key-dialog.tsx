import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { applicationApi, applicationsQuery } from "@/api/applications";
import { gatewayStateQuery, outlineQuery } from "@/api/gateway";
import type { Application, ApplicationKey } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { FormError } from "@/ui/states";
import { gatewayAddress } from "../gateway/first-api";
import { MadeKey } from "../gateway/made-key";
import { callSnippet, examplePath } from "../gateway/samples";

const day = 86_400_000;
const lives = { never: 0, "30": 30 * day, "90": 90 * day, "365": 365 * day } as const;
const overlaps = ["0s", "1h", "24h", "168h"] as const;

/** Makes a key, or one that takes over from another; the secret is shown once and then never again. */
export function KeyDialog({
  app,
  replaces,
  onClose,
}: {
  app: Application;
  replaces?: ApplicationKey;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const [name, setName] = useState(replaces?.name ?? "");
  const [life, setLife] = useState<keyof typeof lives>("never");
  const [overlap, setOverlap] = useState<string>("24h");
  const make = useMutation({
    mutationFn: () =>
      applicationApi.createKey(app.id, {
        name: name.trim() || undefined,
        expires_at: lives[life] ? new Date(Date.now() + lives[life]).toISOString() : undefined,
        ...(replaces ? { replaces: replaces.id, overlap } : {}),
      }),
    onSuccess: () => cache.invalidateQueries({ queryKey: applicationsQuery.queryKey }),
  });
  if (make.data) return <Made secret={make.data.secret} app={app} onClose={onClose} />;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    make.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={replaces ? t("keys.rotateTitle", { prefix: replaces.prefix }) : t("keys.new")}
      note={t(replaces ? "keys.rotateNote" : "keys.newNote", { name: app.name })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="new-key" look="primary" disabled={make.isPending}>
            {t(replaces ? "keys.rotate" : "keys.create")}
          </Button>
        </>
      }
    >
      <form id="new-key" onSubmit={submit} className="grid gap-4">
        <FormError error={make.error} />
        <Field label={t("keys.name")} hint={t("keys.nameHint")}>
          {(w) => (
            <Input {...w} autoFocus maxLength={100} value={name} onChange={(e) => setName(e.target.value)} />
          )}
        </Field>
        <Field label={t("keys.life")}>
          {(w) => (
            <Select
              {...w}
              value={life}
              onChange={(e) => setLife(e.target.value as keyof typeof lives)}
              options={[
                { value: "never", label: t("keys.never") },
                ...(["30", "90", "365"] as const).map((d) => ({
                  value: d,
                  label: t("keys.days", { count: Number(d) }),
                })),
              ]}
            />
          )}
        </Field>
        {replaces ? (
          <Field label={t("keys.overlap")} hint={t("keys.overlapHint", { prefix: replaces.prefix })}>
            {(w) => (
              <Select
                {...w}
                value={overlap}
                onChange={(e) => setOverlap(e.target.value)}
                options={overlaps.map((o) => ({ value: o, label: t(`keys.overlap.${o}`) }))}
              />
            )}
          </Field>
        ) : null}
      </form>
    </Dialog>
  );
}

function Made({ secret, app, onClose }: { secret: string; app: Application; onClose: () => void }) {
  const url = useQuery(gatewayStateQuery).data?.url;
  const outline = useQuery(outlineQuery).data;
  const api = outline?.apis.find(
    (a) =>
      (a.state === "published" || a.state === "deprecated") &&
      (app.apis.length === 0 || app.apis.includes(a.name)) &&
      a.routes.some((r) => r.policies.some((p) => p.kind === "key")),
  );
  const route = api?.routes.find((r) => r.match !== "regex" && r.policies.some((p) => p.kind === "key"));
  return (
    <MadeKey
      secret={secret}
      call={
        route &&
        callSnippet(gatewayAddress(url), examplePath(route.path), { key: secret, host: api?.hosts[0] })
      }
      none={t("keys.noRoute")}
      onClose={onClose}
    />
  );
}
