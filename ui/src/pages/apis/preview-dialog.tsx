import { useMutation, useQuery } from "@tanstack/react-query";
import { gatewayApi, gatewayStateQuery } from "@/api/gateway";
import type { OutlineApi } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { FormError } from "@/ui/states";
import { gatewayAddress } from "../gateway/first-api";
import { MadeKey } from "../gateway/made-key";
import { callSnippet, examplePath } from "../gateway/samples";
import { versionName } from "./life";
import { usePublished } from "./use-publish";

/** Makes the key with which a draft can be called before it is published; shown once and then never again. */
export function PreviewDialog({ api, onClose }: { api: OutlineApi; onClose: () => void }) {
  const url = useQuery(gatewayStateQuery).data?.url;
  const published = usePublished();
  const make = useMutation({
    mutationFn: () => gatewayApi.newPreviewKey(api.name, api.version ?? ""),
    onSuccess: (made) => published(made.publication),
  });
  if (make.data) {
    const route = api.routes.find((r) => r.match !== "regex");
    const keyed = [...api.policies, ...(route?.policies ?? [])].some((p) => p.kind === "key");
    return (
      <MadeKey
        secret={make.data.key}
        call={
          route &&
          callSnippet(gatewayAddress(url), examplePath(route.path), {
            preview: make.data.key,
            key: keyed ? "$KEY" : undefined,
            host: api.hosts[0],
          })
        }
        none={t("previewKey.noRoute")}
        onClose={onClose}
      />
    );
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("previewKey.title", { name: versionName(api) })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="primary" disabled={make.isPending} onClick={() => make.mutate()}>
            {t("previewKey.make")}
          </Button>
        </>
      }
    >
      <div className="grid gap-3">
        <FormError error={make.error} />
        <p>{t("previewKey.text")}</p>
        <p className="text-fg-2">{t("previewKey.before")}</p>
      </div>
    </Dialog>
  );
}
