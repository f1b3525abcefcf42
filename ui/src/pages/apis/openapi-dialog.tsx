import { useMutation, useQuery } from "@tanstack/react-query";
import { FileUp, Rocket } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { ApiError } from "@/api/error";
import { gatewayApi, outlineQuery } from "@/api/gateway";
import type { OpenAPIImported } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { Glyph } from "@/ui/glyph";
import { FormError } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Changes } from "../gateway/diff-view";
import { usePublish } from "./use-publish";

/**
 * An OpenAPI document, from a file or an address, becomes a version of an API: its operations are routes. What
 * that changes is shown first, for the gateway and for those who call; then it is published, or edited before.
 */
export function OpenAPIDialog({
  onClose,
  onEdit,
}: {
  onClose: () => void;
  onEdit: (document: string) => void;
}) {
  const read = useMutation({ mutationFn: gatewayApi.importOpenAPI });
  if (read.data)
    return <Review imported={read.data} onBack={() => read.reset()} onClose={onClose} onEdit={onEdit} />;
  return (
    <Choose busy={read.isPending} error={read.error} onClose={onClose} onRead={(body) => read.mutate(body)} />
  );
}

function Choose({
  busy,
  error,
  onClose,
  onRead,
}: {
  busy: boolean;
  error: unknown;
  onClose: () => void;
  onRead: (body: Parameters<typeof gatewayApi.importOpenAPI>[0]) => void;
}) {
  const outline = useQuery(outlineQuery).data;
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<{ name: string; text: string }>();
  const [url, setUrl] = useState("");
  const [api, setApi] = useState("");
  const [version, setVersion] = useState("");
  const [upstream, setUpstream] = useState("");
  const [state, setState] = useState<"published" | "draft">("published");
  const of = (field: string) => (error instanceof ApiError ? error.field(field) : undefined);
  const choose = async (chosen: File | undefined) => {
    if (chosen) setFile({ name: chosen.name, text: await chosen.text() });
  };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    onRead({
      document: file?.text,
      url: file ? undefined : url.trim(),
      api: api.trim() || undefined,
      version: version.trim() || undefined,
      upstream: upstream.trim() || undefined,
      state,
    });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={560}
      title={t("openapi.title")}
      note={t("openapi.note")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="openapi" look="primary" disabled={busy || !(file || url.trim())}>
            {t("openapi.read")}
          </Button>
        </>
      }
    >
      <form id="openapi" onSubmit={submit} className="grid gap-4">
        <FormError error={error} />
        <div className="flex flex-wrap items-center gap-2">
          <Button icon={FileUp} onClick={() => input.current?.click()}>
            {t("openapi.choose")}
          </Button>
          <input
            ref={input}
            type="file"
            hidden
            aria-label={t("openapi.choose")}
            accept=".json,.yaml,.yml"
            onChange={(e) => {
              void choose(e.target.files?.[0]);
              e.target.value = "";
            }}
          />
          {file ? (
            <span className="flex min-w-0 items-center gap-2">
              <span data-user="" className="id truncate">
                {file.name}
              </span>
              <Button size="sm" look="ghost" onClick={() => setFile(undefined)}>
                {t("common.remove")}
              </Button>
            </span>
          ) : (
            <span className="text-fg-3">{t("openapi.or")}</span>
          )}
        </div>
        {file ? null : (
          <Field label={t("openapi.url")} hint={t("openapi.urlHint")} error={of("url")}>
            {(w) => (
              <Input
                {...w}
                type="url"
                placeholder="https://api.example.com/openapi.json"
                value={url}
                onChange={(e) => setUrl(e.target.value)}
              />
            )}
          </Field>
        )}
        <Field label={t("openapi.upstream")} hint={t("openapi.upstreamHint")} error={of("upstream")}>
          {(w) => (
            <>
              <Input
                {...w}
                list="upstreams"
                placeholder="http://127.0.0.1:9000"
                value={upstream}
                onChange={(e) => setUpstream(e.target.value)}
              />
              <datalist id="upstreams">
                {outline?.upstreams.map((u) => (
                  <option key={u.name} value={u.name} />
                ))}
              </datalist>
            </>
          )}
        </Field>
        <div className="grid gap-4 sm:grid-cols-3">
          <Field label={t("openapi.api")} hint={t("openapi.apiHint")} error={of("api")}>
            {(w) => (
              <>
                <Input
                  {...w}
                  list="apis"
                  maxLength={100}
                  value={api}
                  onChange={(e) => setApi(e.target.value)}
                />
                <datalist id="apis">
                  {[...new Set(outline?.apis.map((a) => a.name))].map((a) => (
                    <option key={a} value={a} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
          <Field label={t("openapi.version")} hint={t("openapi.versionHint")} error={of("version")}>
            {(w) => (
              <Input
                {...w}
                maxLength={100}
                placeholder="v1"
                value={version}
                onChange={(e) => setVersion(e.target.value)}
              />
            )}
          </Field>
          <Field label={t("applications.state")} hint={t("openapi.stateHint")}>
            {(w) => (
              <Select
                {...w}
                value={state}
                onChange={(e) => setState(e.target.value as typeof state)}
                options={(["published", "draft"] as const).map((s) => ({
                  value: s,
                  label: t(`apiState.${s}`),
                }))}
              />
            )}
          </Field>
        </div>
      </form>
    </Dialog>
  );
}

function Review({
  imported: r,
  onBack,
  onClose,
  onEdit,
}: {
  imported: OpenAPIImported;
  onBack: () => void;
  onClose: () => void;
  onEdit: (document: string) => void;
}) {
  const [note, setNote] = useState(
    t("openapi.publishNote", { title: r.openapi.title, version: r.openapi.version }),
  );
  const publish = usePublish();
  // Of a version that was not there nobody has a document.
  const fresh = r.changes.some((c) => c.kind === "added" && c.what === `API ${r.api} ${r.version}`);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    publish.mutate(
      { document: r.document, note: note.trim() || undefined, base: r.number },
      { onSuccess: onClose },
    );
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={640}
      title={t("openapi.review", { api: r.api, version: r.version })}
      note={t("openapi.reviewNote", { count: r.openapi.operations, title: r.openapi.title })}
      footer={
        <>
          <Button onClick={onBack}>{t("openapi.back")}</Button>
          <Button onClick={() => onEdit(r.document)}>{t("openapi.edit")}</Button>
          <Button
            type="submit"
            form="openapi-publish"
            look="primary"
            icon={Rocket}
            disabled={publish.isPending || r.changes.length === 0}
          >
            {t("edit.publish")}
          </Button>
        </>
      }
    >
      <form id="openapi-publish" onSubmit={submit} className="grid gap-4">
        <FormError error={publish.error} />
        {r.changes.length === 0 ? <p className="text-fg-2">{t("openapi.same")}</p> : null}
        {r.changes.length ? (
          <section className="grid gap-1.5">
            <h3 className="text-dense font-550">{t("openapi.changes")}</h3>
            <Changes changes={r.changes} />
          </section>
        ) : null}
        {r.differences.length && !fresh ? (
          <section className="grid gap-1.5">
            <h3 className="flex items-center gap-1.5 text-dense font-550">
              {r.breaking ? <Glyph state="degraded" /> : <Glyph state="ok" />}
              {r.breaking ? t("openapi.breaking", { count: r.breaking }) : t("openapi.compatible")}
            </h3>
            <ul className="grid gap-1">
              {[...r.differences]
                .sort((a, b) => Number(b.breaking) - Number(a.breaking))
                .map((d) => (
                  <li
                    key={`${d.operation} ${d.what}`}
                    className="flex min-w-0 flex-wrap items-baseline gap-x-2 text-dense"
                  >
                    <Tag tone={d.breaking ? "degraded" : "plain"}>{t(`change.${d.kind}`)}</Tag>
                    <span data-user="" className="id">
                      {d.operation}
                    </span>
                    <span data-user="" className="text-fg-2">
                      {d.what}
                    </span>
                  </li>
                ))}
            </ul>
          </section>
        ) : null}
        {r.notes.length ? (
          <section className="grid gap-1.5">
            <h3 className="text-dense font-550">{t("openapi.notes")}</h3>
            <ul className="grid gap-1 text-dense text-fg-2">
              {r.notes.map((n) => (
                <li key={n} data-user="">
                  {n}
                </li>
              ))}
            </ul>
          </section>
        ) : null}
        <Field label={t("edit.why")}>
          {(w) => <Input {...w} maxLength={500} value={note} onChange={(e) => setNote(e.target.value)} />}
        </Field>
      </form>
    </Dialog>
  );
}
