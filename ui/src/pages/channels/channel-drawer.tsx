import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { KeyRound, Pencil, Power, Trash2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { channelApi, channelKindsQuery, channelQuery, channelsQuery } from "@/api/channels";
import type { Channel } from "@/api/types";
import { toasts } from "@/app/toasts";
import { Trans, t, word } from "@/i18n";
import { number } from "@/i18n/format";
import { Button, IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Drawer } from "@/ui/drawer";
import { Field, Select } from "@/ui/field";
import { Glyph } from "@/ui/glyph";
import { Fact, Facts } from "@/ui/panel";
import { Snippet } from "@/ui/snippet";
import { explain, FormError } from "@/ui/states";
import { Time, TimeButton } from "@/ui/time";
import { ChannelDialog } from "./channel-dialog";
import { stateGlyph } from "./states";

const TestWidget = lazy(async () => ({ default: (await import("./widget-settings")).TestWidget }));

/** One channel: how it is, what to put where, its key. */
export function ChannelDrawer({
  row,
  mayChange,
  launchId,
  onClose,
}: {
  row: Channel;
  mayChange: boolean;
  launchId: string;
  onClose: () => void;
}) {
  const c = useQuery(channelQuery(row.id)).data ?? row;
  const kind = useQuery(channelKindsQuery).data?.find((k) => k.name === row.kind);
  const [dialog, setDialog] = useState<"edit" | "rotate" | "remove">();
  const power = usePower(launchId);
  const shut = () => setDialog(undefined);
  return (
    <Drawer
      label={t("channels.one", { name: c.name })}
      title={
        <h2 className="flex min-w-0 items-center gap-2 text-pane font-semibold">
          <Glyph state={stateGlyph[c.state]} />
          <span data-user="" className="truncate">
            {c.name}
          </span>
          <span className="flex-none text-meta font-normal text-fg-2">{word("channelState", c.state)}</span>
        </h2>
      }
      actions={
        mayChange ? (
          <>
            <IconButton label={t("channels.settings")} icon={Pencil} onClick={() => setDialog("edit")} />
            <IconButton
              label={t(c.enabled ? "channels.off" : "channels.on")}
              icon={Power}
              onClick={() => power.mutate({ channel: c, enabled: !c.enabled })}
            />
            <IconButton label={t("channels.remove")} icon={Trash2} onClick={() => setDialog("remove")} />
          </>
        ) : null
      }
      onClose={onClose}
    >
      <div className="grid grid-cols-1 gap-4 p-4">
        <p role="status" className="flex items-center gap-2 text-fg-2">
          <Glyph state={c.received ? "ok" : "idle"} />
          <span>
            {c.received ? (
              <Trans
                k="channels.arrived"
                values={{
                  count: c.received,
                  link: (
                    <Link
                      to="/launches/$launchId/deliveries"
                      params={{ launchId }}
                      search={{ channel_id: c.id }}
                      className="link"
                    >
                      {t("channels.deliveries")}
                    </Link>
                  ),
                }}
              />
            ) : (
              t("channels.waiting")
            )}
          </span>
        </p>
        {c.kind === "widget" && mayChange ? (
          <span>
            <Suspense>
              <TestWidget channel={c} />
            </Suspense>
          </span>
        ) : null}
        {c.setup.length ? (
          <section className="grid grid-cols-1 gap-2" aria-label={t("channels.setup")}>
            {c.setup.map((step) => (
              <div key={step.title} data-user="" className="grid grid-cols-1 gap-1">
                <h3 className="text-dense font-semibold">{step.title}</h3>
                <Snippet label={step.title} text={step.text} wrap={step.language === "text"} />
              </div>
            ))}
          </section>
        ) : null}
        <section className="grid gap-1">
          <h3 className="text-dense font-semibold">{t("channels.health")}</h3>
          <Health channel={c} launchId={launchId} kind={kind?.label ?? c.kind} />
        </section>
        <section className="grid grid-cols-1 gap-1">
          <h3 className="flex items-center text-dense font-semibold">
            <span className="flex-1">{t("channels.key")}</span>
            {mayChange ? (
              <Button size="sm" icon={KeyRound} onClick={() => setDialog("rotate")}>
                {t("channels.rotate")}
              </Button>
            ) : null}
          </h3>
          <Snippet label={t("channels.key")} text={c.key} wrap />
          {c.old_key_until ? (
            <p className="text-meta text-fg-3">
              <Trans k="channels.oldKey" values={{ time: <Time at={c.old_key_until} /> }} />
            </p>
          ) : null}
        </section>
      </div>
      {dialog === "edit" ? <ChannelDialog launchId={launchId} channel={c} onClose={shut} /> : null}
      {dialog === "rotate" ? <RotateDialog channel={c} onClose={shut} /> : null}
      {dialog === "remove" ? (
        <RemoveDialog
          channel={c}
          launchId={launchId}
          onClose={(gone) => {
            shut();
            if (gone) onClose();
          }}
        />
      ) : null}
    </Drawer>
  );
}

function Health({ channel: c, launchId, kind }: { channel: Channel; launchId: string; kind: string }) {
  return (
    <Facts>
      <Fact name={t("channels.kind")}>
        <span data-user="">{kind}</span>
      </Fact>
      <Fact name={t("channels.received")}>{number(c.received)}</Fact>
      {c.first_at ? (
        <Fact name={t("channels.first")}>
          <TimeButton at={c.first_at} />
        </Fact>
      ) : null}
      {c.last_at ? (
        <Fact name={t("channels.last")}>
          <TimeButton at={c.last_at} />
        </Fact>
      ) : null}
      <Fact name={t("channels.refused")}>{number(c.refused)}</Fact>
      {c.last_refused_at ? (
        <Fact name={t("channels.refusal")}>
          <TimeButton at={c.last_refused_at} />
          <span data-user="" className="text-critical">
            {c.last_refusal}
          </span>
        </Fact>
      ) : null}
      {c.dead ? (
        <Fact name={t("channels.dead")}>
          <Link
            to="/launches/$launchId/deliveries"
            params={{ launchId }}
            search={{ channel_id: c.id, state: "dead" }}
            className="link text-critical"
          >
            {t("channels.deadLink", { count: c.dead })}
          </Link>
        </Fact>
      ) : null}
      {c.trouble ? (
        <Fact name={t("channels.trouble")}>
          <span data-user="" className="text-critical">
            {c.trouble}
          </span>
        </Fact>
      ) : null}
      <Fact name={t("channels.limit")}>{number(c.per_minute)}</Fact>
      {c.origins.length ? (
        <Fact name={t("channels.origins")}>
          <span data-user="">{c.origins.join(", ")}</span>
        </Fact>
      ) : null}
    </Facts>
  );
}

/** Switches a channel off or on; either can be undone. */
function usePower(launchId: string) {
  const cache = useQueryClient();
  const change = useMutation({
    mutationFn: ({ channel, enabled }: { channel: Channel; enabled: boolean }) =>
      channelApi.change(channel.id, { enabled }),
    onSuccess: (_, { channel, enabled }) => {
      toasts.show(t(enabled ? "toast.channelOn" : "toast.channelOff", { name: channel.name }), {
        undo: () => change.mutate({ channel, enabled: !enabled }),
      });
    },
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
    onSettled: (_, __, { channel }) => {
      void cache.invalidateQueries({ queryKey: ["channel", channel.id] });
      return cache.invalidateQueries({ queryKey: channelsQuery(launchId).queryKey });
    },
  });
  return change;
}

function RotateDialog({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const cache = useQueryClient();
  const [hours, setHours] = useState(24);
  const rotate = useMutation({
    mutationFn: () => channelApi.rotate(channel.id, hours),
    onSuccess: () => {
      onClose();
      void cache.invalidateQueries({ queryKey: ["channels"] });
      return cache.invalidateQueries({ queryKey: ["channel", channel.id] });
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("channels.rotateAsk", { name: channel.name })}
      note={t("channels.rotateNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="primary" disabled={rotate.isPending} onClick={() => rotate.mutate()}>
            {t("channels.rotate")}
          </Button>
        </>
      }
    >
      <FormError error={rotate.error} />
      <Field label={t("channels.overlap")}>
        {(w) => (
          <Select
            {...w}
            value={String(hours)}
            onChange={(e) => setHours(Number(e.target.value))}
            options={[0, 1, 24, 168].map((h) => ({
              value: String(h),
              label: h ? t("channels.overlapHours", { count: h }) : t("channels.overlapNone"),
            }))}
          />
        )}
      </Field>
    </Dialog>
  );
}

function RemoveDialog({
  channel,
  launchId,
  onClose,
}: {
  channel: Channel;
  launchId: string;
  onClose: (gone: boolean) => void;
}) {
  const cache = useQueryClient();
  const remove = useMutation({
    mutationFn: () => channelApi.remove(channel.id),
    onSuccess: () => {
      toasts.show(t("toast.channelRemoved", { name: channel.name }));
      onClose(true);
      return cache.invalidateQueries({ queryKey: channelsQuery(launchId).queryKey });
    },
  });
  return (
    <Dialog
      open
      onClose={() => onClose(false)}
      title={t("channels.removeAsk", { name: channel.name })}
      note={t("channels.removeNote")}
      footer={
        <>
          <Button onClick={() => onClose(false)}>{t("common.cancel")}</Button>
          <Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {t("channels.remove")}
          </Button>
        </>
      }
    >
      <FormError error={remove.error} />
    </Dialog>
  );
}
