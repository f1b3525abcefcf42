import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useArchiveLaunch, usePatchLaunch } from "@/api/launches";
import { useLaunch } from "@/app/launch";
import { Page } from "@/app/page";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Panel } from "@/ui/panel";
import { explain } from "@/ui/states";
import { LaunchForm } from "./launch-form";

export default function LaunchSettings() {
  const launch = useLaunch();
  const patch = usePatchLaunch(launch.id);
  const [asking, setAsking] = useState(false);
  return (
    <Page title={t("launch.settings")} note={launch.name}>
      <div className="grid w-full max-w-[640px] gap-3">
        <div className="rounded-3 border border-line bg-surface p-4">
          <LaunchForm
            key={launch.id}
            launch={launch}
            error={patch.error}
            onSubmit={(body) => patch.mutate(body, { onSuccess: () => toasts.show(t("toast.saved")) })}
            footer={
              <Button type="submit" look="primary" disabled={patch.isPending}>
                {t("common.save")}
              </Button>
            }
          />
        </div>
        <Panel title={t("launch.archive")}>
          <div className="flex flex-wrap items-center gap-3 px-3 pb-3">
            <p className="min-w-0 flex-1 text-fg-2">{t("launch.archiveNote")}</p>
            <Button look="danger" onClick={() => setAsking(true)}>
              {t("launch.archive")}
            </Button>
          </div>
        </Panel>
      </div>
      {asking ? <ArchiveDialog id={launch.id} name={launch.name} onClose={() => setAsking(false)} /> : null}
    </Page>
  );
}

/** Closing a launch is never optimistic: it asks. */
function ArchiveDialog({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const archive = useArchiveLaunch();
  const navigate = useNavigate();
  const run = () =>
    archive.mutate(id, {
      onSuccess: () => void navigate({ to: "/" }),
      onError: (e) => toasts.show(explain(e), { tone: "error" }),
    });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("launch.archiveAsk", { name })}
      note={t("launch.archiveNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="danger" onClick={run} disabled={archive.isPending}>
            {t("launch.archive")}
          </Button>
        </>
      }
    >
      {null}
    </Dialog>
  );
}
