import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { FolderOpen, Rocket } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import { isStatus } from "@/api/error";
import { checkQuery, documentQuery, publicationQuery } from "@/api/gateway";
import type { GatewayCheck } from "@/api/types";
import { Page } from "@/app/page";
import { toasts } from "@/app/toasts";
import { Trans, t } from "@/i18n";
import { Button, buttonClass } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Glyph } from "@/ui/glyph";
import { Panel } from "@/ui/panel";
import { explain, Failure, FormError, Skeleton } from "@/ui/states";
import { Changes, DiffView } from "../gateway/diff-view";
import { sampleDocument } from "../gateway/samples";
import { DocumentEditor, type EditorHandle } from "./document-editor";
import { draft } from "./draft";
import { usePublish } from "./use-publish";
import { useRested } from "./use-rested";

const route = getRouteApi("/app/gateway/apis/edit");

/** The document as text: checked while it is written, compared with what is in force, published. */
export default function EditApis() {
  const { from } = route.useSearch();
  const live = useQuery(documentQuery);
  const old = useQuery({ ...publicationQuery(Number(from)), enabled: Number(from) > 0 });
  const error = live.error ?? old.error;
  const ready = live.data && (!from || old.data);
  return (
    <Page
      title={t("edit.title")}
      note={
        live.data ? (
          live.data.number ? (
            <Trans k="edit.note" values={{ number: live.data.number }} />
          ) : (
            t("edit.noteFirst")
          )
        ) : null
      }
    >
      {error ? <Failure error={error} onRetry={() => void live.refetch()} /> : null}
      {!ready && !error ? (
        <Panel>
          <Skeleton rows={12} />
        </Panel>
      ) : null}
      {ready && live.data ? (
        <Editor
          key={from ?? ""}
          live={live.data.document ?? ""}
          number={live.data.number}
          start={old.data?.document}
          startNumber={from}
          onReload={() => void live.refetch()}
        />
      ) : null}
    </Page>
  );
}

function Editor({
  live,
  number,
  start,
  startNumber,
  onReload,
}: {
  live: string;
  number: number;
  /** An earlier document to begin with. */
  start: string | undefined;
  startNumber: string | undefined;
  onReload: () => void;
}) {
  const navigate = route.useNavigate();
  const [kept] = useState(() => (start === undefined ? draft.get() : undefined));
  const [text, setText] = useState(start ?? kept ?? (live || sampleDocument));
  const [base, setBase] = useState(number);
  const [note, setNote] = useState("");
  const editor = useRef<EditorHandle>(null);
  const rested = useRested(text, 250);
  const check = useQuery(checkQuery(rested));
  const current = rested === text && !check.isPlaceholderData ? check.data : undefined;
  const changed = text !== live;
  useEffect(() => draft.set(changed && text !== sampleDocument ? text : undefined), [changed, text]);

  const publish = usePublish();
  const can = changed && current?.valid === true && !publish.isPending;
  const send = () => {
    if (!can) return;
    publish.mutate(
      { document: text, note: note.trim() || undefined, base },
      {
        onSuccess: () => {
          draft.set(undefined);
          void navigate({ to: "/gateway/apis", search: {} });
        },
      },
    );
  };
  useActions([
    {
      id: "apis.publish",
      keys: ["mod+enter"],
      scope: "list",
      label: t("action.publish"),
      hint: t("hint.publish"),
      icon: Rocket,
      when: () => can,
      run: send,
    },
  ]);
  return (
    <div className="grid min-h-0 flex-1 items-start gap-3 lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
      <Panel
        title={t("edit.document")}
        note={startNumber ? t("edit.from", { number: Number(startNumber) }) : kept ? t("edit.draft") : null}
        actions={
          <>
            {changed && live ? (
              <Button
                size="sm"
                look="ghost"
                onClick={() => {
                  setText(live);
                  setBase(number);
                }}
              >
                {t("edit.discard")}
              </Button>
            ) : null}
            <OpenFile onText={setText} />
          </>
        }
      >
        <DocumentEditor
          ref={editor}
          value={text}
          faults={current?.faults ?? []}
          onChange={setText}
          onSubmit={send}
        />
      </Panel>
      <div className="grid min-w-0 gap-3 lg:sticky lg:top-3">
        <Panel
          title={t("edit.check")}
          actions={
            <ActionButton action="apis.publish" look="primary" size="sm">
              {t("edit.publish")}
            </ActionButton>
          }
        >
          <div className="grid gap-3 border-line border-t px-3 py-2.5">
            {publish.error ? (
              <div className="grid gap-2">
                <FormError error={publish.error} />
                {isStatus(publish.error, 409) ? (
                  <Button
                    className="justify-self-start"
                    onClick={() => {
                      onReload();
                      publish.reset();
                    }}
                  >
                    {t("edit.compareAgain")}
                  </Button>
                ) : null}
              </div>
            ) : null}
            {number !== base ? (
              <p className="rounded-2 bg-watch-soft px-3 py-2 text-dense text-watch">
                {t("edit.moved", { number })}{" "}
                <button type="button" className="underline" onClick={() => setBase(number)}>
                  {t("edit.takeOver")}
                </button>
              </p>
            ) : null}
            {check.error ? <FormError error={check.error} /> : null}
            <Verdict check={current} changed={changed} onLine={(line) => editor.current?.goTo(line)} />
            <Field label={t("edit.why")}>
              {(w) => (
                <Input
                  {...w}
                  maxLength={500}
                  value={note}
                  placeholder={t("edit.whyHint")}
                  onChange={(e) => setNote(e.target.value)}
                  onKeyDown={(e) => (e.key === "Enter" ? send() : undefined)}
                />
              )}
            </Field>
          </div>
        </Panel>
        <Panel title={t("edit.diff")} note={number ? t("edit.diffNote", { number }) : null}>
          <div className="max-h-[60dvh] overflow-auto border-line border-t">
            <DiffView from={live} to={text} label={t("edit.diff")} />
          </div>
        </Panel>
        <Link to="/gateway/apis" className={buttonClass("ghost", "md", "justify-self-start")}>
          {t("edit.back")}
        </Link>
      </div>
    </div>
  );
}

/** What the server says of the document as it is now: its faults with their lines, or what it changes. */
function Verdict({
  check,
  changed,
  onLine,
}: {
  check: GatewayCheck | undefined;
  changed: boolean;
  onLine: (line: number) => void;
}) {
  if (!check)
    return (
      <p role="status" className="flex items-center gap-1.5 text-fg-2">
        <Glyph state="idle" />
        {t("edit.checking")}
      </p>
    );
  if (!check.valid)
    return (
      <div role="status" className="grid gap-1.5">
        <p className="flex items-center gap-1.5 font-550">
          <Glyph state="critical" />
          {t("edit.faults", { count: check.faults.length })}
        </p>
        <ul className="grid gap-1">
          {check.faults.slice(0, 50).map((f) => (
            <li key={`${f.line} ${f.path} ${f.reason}`}>
              <button
                type="button"
                onClick={() => onLine(f.line ?? 1)}
                className="grid w-full grid-cols-[auto_minmax(0,1fr)] gap-x-2 rounded-1 px-1 py-0.5 text-left text-dense hover:bg-hover"
              >
                <span className="num text-critical">{t("edit.line", { line: f.line ?? 1 })}</span>
                <span className="min-w-0 [overflow-wrap:anywhere]">
                  <span data-user="">{f.reason}</span>{" "}
                  <span data-user="" className="id text-fg-3">
                    {f.path}
                  </span>
                </span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    );
  return (
    <div role="status" className="grid gap-1.5">
      <p className="flex items-center gap-1.5 font-550">
        <Glyph state="ok" />
        {check.changes.length
          ? t("edit.valid", { count: check.changes.length })
          : t(changed ? "edit.validSame" : "edit.same")}
      </p>
      <Changes changes={check.changes} />
    </div>
  );
}

/** A gateway.yaml of one's own, read here and put into the editor. */
function OpenFile({ onText }: { onText: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const read = async (file: File | undefined) => {
    if (!file) return;
    try {
      onText(await file.text());
    } catch (e) {
      toasts.show(explain(e), { tone: "error" });
    }
  };
  return (
    <>
      <Button size="sm" icon={FolderOpen} onClick={() => input.current?.click()}>
        {t("edit.open")}
      </Button>
      <input
        ref={input}
        type="file"
        accept=".yaml,.yml,.json"
        aria-label={t("edit.open")}
        hidden
        onChange={(e) => {
          void read(e.target.files?.[0]);
          e.target.value = "";
        }}
      />
    </>
  );
}
