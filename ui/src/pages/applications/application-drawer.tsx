import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { KeyRound, Pencil, RefreshCw } from "lucide-react";
import { useState } from "react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import { applicationApi, applicationsQuery } from "@/api/applications";
import type { Application, ApplicationKey } from "@/api/types";
import { toasts } from "@/app/toasts";
import { Trans, t, word } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Drawer } from "@/ui/drawer";
import { Glyph } from "@/ui/glyph";
import { Fact, Facts } from "@/ui/panel";
import { explain } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Time, TimeButton, useNow } from "@/ui/time";
import { ApplicationDialog } from "./application-dialog";
import { KeyDialog } from "./key-dialog";
import { appState, keyGlyphs, keyState, opens, sortedKeys } from "./keys";
import { RevokeDialog } from "./revoke-dialog";
import { Usage } from "./usage";

/** One application: who it is, what it may call, and its keys. */
export function ApplicationDrawer({
  application: app,
  mayChange,
  onClose,
}: {
  application: Application;
  mayChange: boolean;
  onClose: () => void;
}) {
  const now = useNow();
  const [editing, setEditing] = useState(false);
  const [making, setMaking] = useState<ApplicationKey | "new">();
  const [revoking, setRevoking] = useState<ApplicationKey>();
  const disable = useDisable();
  const { state, word: w } = appState(app, now);
  useActions([
    {
      id: "application.key",
      keys: ["shift+k"],
      scope: "item",
      label: t("action.newKey"),
      hint: t("hint.newKey"),
      icon: KeyRound,
      when: () => mayChange,
      run: () => setMaking("new"),
    },
    {
      id: "application.edit",
      keys: ["e"],
      scope: "item",
      label: t("action.editApplication"),
      hint: t("hint.edit"),
      icon: Pencil,
      when: () => mayChange,
      run: () => setEditing(true),
    },
    {
      id: "application.close",
      keys: ["escape"],
      scope: "item",
      label: t("action.closeDrawer"),
      keysOnly: true,
      run: onClose,
    },
  ]);
  return (
    <Drawer
      label={t("applications.one", { name: app.name })}
      onClose={onClose}
      title={
        <h2 data-user="" className="truncate text-pane font-semibold">
          {app.name}
        </h2>
      }
      actions={
        mayChange ? (
          <>
            <Button
              size="sm"
              look={app.disabled_at ? "plain" : "danger"}
              disabled={disable.isPending}
              onClick={() => disable.mutate({ app, disabled: !app.disabled_at })}
            >
              {t(app.disabled_at ? "applications.enable" : "applications.disable")}
            </Button>
            <ActionButton action="application.edit" size="sm">
              {t("applications.change")}
            </ActionButton>
          </>
        ) : null
      }
    >
      <div className="grid gap-5 px-4 py-3">
        <Facts>
          <Fact name={t("applications.state")}>
            <Glyph state={state} />
            {word("appState", w)}
            {app.disabled_at ? (
              <span className="text-fg-3">
                <Time at={app.disabled_at} relative />
              </span>
            ) : null}
          </Fact>
          {app.contact ? (
            <Fact name={t("applications.contact")}>
              <span data-user="">{app.contact}</span>
            </Fact>
          ) : null}
          <Fact name={t("applications.plan")}>
            {app.plan ? <Tag user>{app.plan}</Tag> : <span className="text-fg-3">{t("common.none")}</span>}
          </Fact>
          <Fact name={t("applications.apis")}>
            {app.apis.length
              ? app.apis.map((a) => (
                  <Tag key={a} user>
                    {a}
                  </Tag>
                ))
              : t("applications.allApis")}
          </Fact>
          <Fact name={t("applications.created")}>
            <TimeButton at={app.created_at} />
          </Fact>
          <Fact name={t("nav.calls")}>
            <Link to="/gateway/calls" search={{ q: `application:${quoted(app.name)}` }} className="link">
              {t("applications.itsCalls")}
            </Link>
          </Fact>
        </Facts>
        <Usage application={app} />
        <section className="grid gap-1.5">
          <div className="flex items-center gap-2">
            <h3 className="flex-1 text-body font-semibold">{t("applications.keys")}</h3>
            {mayChange ? (
              <ActionButton action="application.key" size="sm" look="primary">
                {t("keys.new")}
              </ActionButton>
            ) : null}
          </div>
          {app.keys.length === 0 ? <p className="text-fg-2">{t("keys.none")}</p> : null}
          <ul className="grid">
            {sortedKeys(app, now).map((k) => (
              <KeyRow key={k.id} k={k} now={now}>
                {mayChange && opens(k, now) ? (
                  <>
                    <IconButton
                      label={t("keys.rotateOne", { prefix: k.prefix })}
                      icon={RefreshCw}
                      size={14}
                      onClick={() => setMaking(k)}
                    />
                    <Button
                      size="sm"
                      look="danger"
                      aria-label={t("keys.revokeOne", { prefix: k.prefix })}
                      onClick={() => setRevoking(k)}
                    >
                      {t("tokens.revoke")}
                    </Button>
                  </>
                ) : null}
              </KeyRow>
            ))}
          </ul>
        </section>
      </div>
      {editing ? <ApplicationDialog app={app} onClose={() => setEditing(false)} /> : null}
      {making ? (
        <KeyDialog
          app={app}
          replaces={making === "new" ? undefined : making}
          onClose={() => setMaking(undefined)}
        />
      ) : null}
      {revoking ? <RevokeDialog app={app} k={revoking} onClose={() => setRevoking(undefined)} /> : null}
    </Drawer>
  );
}

const quoted = (v: string): string => (/[\s"]/.test(v) ? JSON.stringify(v) : v);

function KeyRow({ k, now, children }: { k: ApplicationKey; now: number; children: React.ReactNode }) {
  const state = keyState(k, now);
  return (
    <li className="flex min-h-11 items-center gap-2 border-line border-t py-1">
      <Glyph state={keyGlyphs[state]} />
      <span className="grid min-w-0 flex-1">
        <span className="flex min-w-0 items-baseline gap-2">
          <span className={state === "valid" || state === "ending" ? "id" : "id text-fg-3 line-through"}>
            {k.prefix}…
          </span>
          {k.name ? (
            <span data-user="" className="truncate">
              {k.name}
            </span>
          ) : null}
        </span>
        <span className="truncate text-meta text-fg-3">
          <KeyTimes k={k} state={state} />
          {k.used_at ? (
            <>
              {" · "}
              <Trans k="keys.used" values={{ time: <Time at={k.used_at} relative /> }} />
            </>
          ) : null}
        </span>
      </span>
      {children}
    </li>
  );
}

function KeyTimes({ k, state }: { k: ApplicationKey; state: string }) {
  const made = <Time at={k.created_at} />;
  if (k.revoked_at) return <Trans k="keys.revoked" values={{ time: <Time at={k.revoked_at} relative /> }} />;
  if (!k.expires_at) return <Trans k="keys.made" values={{ time: made }} />;
  const end = <Time at={k.expires_at} relative={state !== "valid"} />;
  return <Trans k={state === "expired" ? "keys.expired" : "keys.ends"} values={{ time: made, end }} />;
}

/** Shuts an application out, or lets it in again; either can be undone. */
function useDisable() {
  const cache = useQueryClient();
  const change = useMutation({
    mutationFn: ({ app, disabled }: { app: Application; disabled: boolean }) =>
      applicationApi.change(app.id, { disabled }),
    onSuccess: (_, { app, disabled }) => {
      toasts.show(t(disabled ? "toast.appDisabled" : "toast.appEnabled", { name: app.name }), {
        undo: () => change.mutate({ app, disabled: !disabled }),
      });
    },
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
    onSettled: () => cache.invalidateQueries({ queryKey: applicationsQuery.queryKey }),
  });
  return change;
}
