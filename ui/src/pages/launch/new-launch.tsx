import { useNavigate } from "@tanstack/react-router";
import { useCreateLaunch } from "@/api/launches";
import { Page } from "@/app/page";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { LaunchForm } from "./launch-form";

export default function NewLaunch() {
  const create = useCreateLaunch();
  const navigate = useNavigate();
  return (
    <Page title={t("launch.create")} note={t("launch.createNote")}>
      <div className="w-full max-w-[640px] rounded-3 border border-line bg-surface p-4">
        <LaunchForm
          error={create.error}
          onSubmit={(body) =>
            create.mutate(body, {
              onSuccess: (launch) =>
                void navigate({ to: "/launches/$launchId/send", params: { launchId: launch.id } }),
            })
          }
          footer={
            <Button type="submit" look="primary" disabled={create.isPending}>
              {t("launch.create")}
            </Button>
          }
        />
      </div>
    </Page>
  );
}
